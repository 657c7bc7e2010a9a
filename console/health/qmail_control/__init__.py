"""qmail's control files: what each is for, whether it is well written, in force, and fits. No I/O."""
