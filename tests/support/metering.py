"""Something in every table of metering."""

from datetime import timedelta
from typing import Any


def keep_usage(root: Any, person: Any, tenant: str) -> None:
    """A price, a limit, an event of a conversation, and a hold, of a person. `root`: the operator's scope."""
    window = timedelta(hours=1)
    root.metering.set_price("home", input=1, output=2, tenant=tenant)
    root.metering.set_limit(tenant=tenant, measure="requests", per="window", window=window, amount=99)
    chat = person.conversations.create()
    person.metering.record("chat", model="home", tokens_in=5, conversation=chat.id, request_id="r-1")
    person.metering.hold(tokens=5)
