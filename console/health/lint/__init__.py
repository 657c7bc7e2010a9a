"""Checks of the files a pair is set up with: freevrrpd.conf, gg.exports, scripts, rc.conf, loader.conf."""
