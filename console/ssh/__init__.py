"""Connecting to a node, the sampler and its frames, running one command, the read-only policy."""
