"""PURE maths of energy: no Flask, no SQLAlchemy, no clock; time is an argument."""
