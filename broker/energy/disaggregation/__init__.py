"""Which appliance takes a meter's energy: an estimate, from the power of the whole home alone."""
