"""migrate-disk: a system's UFS partitions moved to another disk by dump and restore, until it boots."""
