"""mirrorgate: an operations console for FreeBSD high-availability pairs. Start at console/README.md."""
