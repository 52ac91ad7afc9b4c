"""Knowledge: documents read, cut into pieces, and searched."""
