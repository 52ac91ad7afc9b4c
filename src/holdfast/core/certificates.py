"""Whose certificates are believed when somebody is asked over TLS."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """The usual ones (or those of SSL_CERT_FILE), read once for the process: reading takes 15 ms, more than a call."""
    return httpx.create_ssl_context()
