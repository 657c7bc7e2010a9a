"""Textual widgets that draw one model object each and start nothing."""
