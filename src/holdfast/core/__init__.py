"""The engine room: everything the domains share, and nothing about any one of them."""
