"""Holdfast: the data layer for AI applications."""

from typing import TYPE_CHECKING

from holdfast.core.rooms import lazily

if TYPE_CHECKING:
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
    from holdfast.opening import create, migrate, open, rekey
    from holdfast.remote import connect
    from holdfast.store import Store
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

_HOMES = {
    "holdfast.core.errors": ("HoldfastError",),
    "holdfast.core.oauth": ("OAuthClient",),
    "holdfast.core.pages": ("Page",),
    "holdfast.core.settings": ("Settings",),
    "holdfast.domains.conversations": ("Context", "Conversation", "Hit", "Message", "NewMessage", "Summary"),
    "holdfast.remote": ("connect",),
    "holdfast.opening": ("create", "migrate", "open", "rekey"),
    "holdfast.store": ("Store",),
    "holdfast.store_async": ("AsyncStore", "create_async", "open_async"),
}
"""Imported when first used: naming Holdfast takes nothing, and a program on one face does not read the other."""

__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names})
