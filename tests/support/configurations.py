"""Something in every table of configurations, for tests that look at all tables."""

from typing import Any
from uuid import UUID


def keep_configurations(person: Any, colleague: UUID) -> str:
    """A private configuration of a person's with everything in it: its address. `colleague` is let into it."""
    c, address = person.configurations, f"{person.scope.actor_id}/HL7v2/ADT^A01"
    c.put(address, {"words": "heliotrope"}, reason="first", visibility="private")
    c.share(address, colleague, "view")
    c.branch(address, "trial")
    return address
