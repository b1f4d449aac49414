"""Town F: an invented town, with everything gisgrid loads, from one seed. Run by scripts/make_town."""
