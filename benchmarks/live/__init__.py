"""Live views by the thousand, beside a bare `websockets.broadcast` server with the same clients."""
