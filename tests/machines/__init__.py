"""Metrics, rules, dashboard and hooks."""
