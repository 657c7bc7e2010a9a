"""Files for a jump host, written out by `mirrorgate papers`: manual pages, service files, the wall's shell."""
