"""Pieces that several jobs share: each returns the steps of one move, in their order."""
