"""Something in every table of configurations, for tests that look at all tables."""

from typing import Any


def keep_configurations(person: Any, colleague: Any, administrator: Any) -> str:
    """A private configuration of a person's with everything in it, shared with a colleague: its address."""
    c, address = person.configurations, f"{person.scope.actor_id}/HL7v2/ADT^A01"
    c.put(address, {"words": "heliotrope"}, reason="first", visibility="private")
    c.share(address, colleague.scope.actor_id, "comment")
    c.branch(address, "trial")
    request = c.propose(address, {"words": "wenge"}, reason="asked")
    c.comment(request.id, "heliotrope")
    colleague.configurations.approve(request.id)
    c.count_use(address, uses=3)
    c.rate(address, 1, accuracy=0.9)
    administrator.configurations.set_rule("nowhere/*/*", schema={"type": "object"})
    return address
