"""The published contract: a blueprint per area, a schema per body, one representation."""
