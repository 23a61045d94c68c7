"""Check, store, roll up, publish: one transaction."""
