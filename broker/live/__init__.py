"""Who watches which community, and how news reach them: from this process and from others."""
