"""The lab's qmail: its files, its past, its troubles."""
