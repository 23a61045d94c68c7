"""Measures Broker as it is served, always beside a ceiling taken in the same run."""
