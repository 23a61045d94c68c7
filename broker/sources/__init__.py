"""Where readings come from: one adapter per wire format, and a simulated house."""
