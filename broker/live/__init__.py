"""Fan-out of news to the sockets that wait for it."""
