"""Holdfast: the data layer for AI applications."""

from holdfast.core.errors import HoldfastError
from holdfast.core.oauth import OAuthClient
from holdfast.core.pages import Page
from holdfast.core.settings import Settings
from holdfast.domains.conversations import (
    Context,
    Conversation,
    Hit,
    Message,
    NewMessage,
    Summary,
)
from holdfast.remote import connect
from holdfast.store import Store, create, migrate, open, rekey
from holdfast.store_async import AsyncStore, create_async, open_async

__version__ = "0.1.0"

__all__ = [
    "AsyncStore",
    "Context",
    "Conversation",
    "Hit",
    "HoldfastError",
    "Message",
    "NewMessage",
    "OAuthClient",
    "Page",
    "Settings",
    "Store",
    "Summary",
    "connect",
    "create",
    "create_async",
    "migrate",
    "open",
    "open_async",
    "rekey",
]
