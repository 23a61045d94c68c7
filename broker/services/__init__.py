"""One module for each question that a resident or an operator asks."""
