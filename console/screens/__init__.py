"""Screens compose widgets and post messages."""
