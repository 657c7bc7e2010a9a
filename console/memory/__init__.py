"""What was learnt of the pairs, kept on disk: written while they are watched, read for replay and trends."""
