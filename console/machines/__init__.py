"""For machines: metrics written and served, alert rules and a dashboard, and hooks that tell of events."""
