"""Queries and upserts: they take a connection and give plain values."""
