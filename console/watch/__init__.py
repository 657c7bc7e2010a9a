"""One task per node: samples in, snapshots and events out."""
