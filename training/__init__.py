"""Training of the disaggregation: synthetic homes, networks, export of weights. No server code."""
