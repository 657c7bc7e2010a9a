"""Pure functions from a command's text to facts; odd input is kept as unread, never guessed."""
