"""Jobs: one module per job, each turning answers and a snapshot into a plan."""
