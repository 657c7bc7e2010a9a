"""Conditions, and the rules that turn a snapshot into findings."""
