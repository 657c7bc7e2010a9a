"""migrate-disk: what is planned from which disks."""
