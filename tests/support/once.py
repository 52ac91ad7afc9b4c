"""A request that takes effect once, as the HTTP face makes one."""

from dataclasses import replace
from typing import Any

from holdfast.core.access import Access
from holdfast.core.scope import Once, Scope
from holdfast.core.settings import Settings
from holdfast.domains.conversations import Conversations


def create_once(engine: Any, scope: Scope, key: str = "k-1") -> None:
    """Make a conversation under an idempotency key."""
    once = Once(operation="conversations.create", key=key, digest="00" * 32, render=lambda _made: {"status": 201})
    Conversations(engine, Access(replace(scope, once=once)), Settings()).create()
