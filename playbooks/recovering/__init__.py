"""Bringing the slave's half back into the mirror that runs on the home master."""
