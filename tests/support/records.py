"""A record set that is shared with a tenant that nobody is in."""

from typing import Any
from uuid import uuid4

from holdfast.core.clock import now
from holdfast.core.scope import Scope
from holdfast.domains.records import queries


def grant_one(engine: Any, scope: Scope, name: str) -> None:
    """Share a set of the scope's tenant, as an administrator would."""

    def work(tx: Any) -> None:
        set_id = tx.first(queries.set_by_name, {"name": name})[0]
        row = {"set_id": set_id, "reader_id": uuid4(), "owner": "acme", "reader": "nobody", "at_levels": "D"}
        tx.run(queries.insert_grant, row | {"granted_by": scope.actor_id, "granted_at": now(), "read_at": None})

    engine.write(scope, "tenant", work)
