"""The HTTP server: every operation of every room under /v1, as JSON."""
