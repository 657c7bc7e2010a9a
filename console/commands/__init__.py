"""The command line's jobs, one module each; everything a screen shows is also a subcommand."""
