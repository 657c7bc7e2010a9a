"""The read-only console in a browser: who may open it, one process for each tab, the page."""
