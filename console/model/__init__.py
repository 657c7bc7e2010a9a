"""Frozen values: facts, snapshot, finding, event, config. No I/O, no Textual, no asyncssh."""
