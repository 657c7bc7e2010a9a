"""From two bare nodes to a verified pair: what is asked, what is refused, the files and the shell texts."""
