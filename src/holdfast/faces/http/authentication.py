"""Who sends a request: told by its bearer token alone, on every request."""

import copy
from dataclasses import replace
from typing import Any

from holdfast.core.access import Access
from holdfast.core.action import Actions
from holdfast.core.scope import Once
from holdfast.domains.identity.errors import NotAuthenticated
from holdfast.faces.http.incoming import Incoming
from holdfast.scopes import SystemScope, UserScope
from holdfast.store import Store

Caller = UserScope | SystemScope
MOST_TOKEN_CHARS = 200


def authenticate(store: Store, incoming: Incoming) -> Caller:
    """The scope of who shows the token. Raises `NotAuthenticated`, or what the store says of a suspended one."""
    return store.authenticate(
        token_of(incoming), request_id=incoming.id, address=incoming.address, agent=incoming.agent, face="http"
    )


def token_of(incoming: Incoming) -> str:
    """The bearer token. Raises `NotAuthenticated` where there is none."""
    kind, _, token = (incoming.header(b"authorization") or "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token or len(token) > MOST_TOKEN_CHARS:
        raise NotAuthenticated
    return token


def to_take_effect_once(room: Any, once: Once) -> Any:
    """The room, for one request that carries an idempotency key."""
    assert isinstance(room, Actions)
    made = copy.copy(room)
    made.access = Access(replace(room.access.checked(), once=once))  # the body may have taken a minute to arrive
    return made
