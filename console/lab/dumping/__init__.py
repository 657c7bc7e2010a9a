"""dump(8), restore(8) and mtree(8) of the lab's nodes, and the stream between the first two."""
