"""Faces over the same actions: a face parses, calls one action, renders."""
