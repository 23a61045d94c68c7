"""Broker: the server behind a house that makes its own electricity."""
