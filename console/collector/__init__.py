"""One process reads the nodes, many read-only consoles are shown it: protocol, server and viewer's side."""
