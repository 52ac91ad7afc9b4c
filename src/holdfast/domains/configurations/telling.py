"""Telling those whom a change concerns: a line in their inbox, and one in the trail, an event of theirs."""

from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations.models import NotificationKind


def tell_concerned(
    tx: Transaction, kind: NotificationKind, configuration_id: UUID, request_id: UUID | None = None
) -> None:
    """Tell a request's author, approvers and commenters, the configuration's owner, and those it is shared with.

    Nobody is told of what they did themselves. Two statements, and two for each who is told.
    """
    of = {"configuration_id": configuration_id}
    people = {user_id for (user_id,) in tx.all(queries.concerned_by_configuration, of)}
    if request_id is not None:
        people |= {user_id for (user_id,) in tx.all(queries.concerned_by_request, {"request_id": request_id})}
    for user_id in sorted(people):
        tell(tx, user_id, kind, configuration_id, request_id)


def tell(
    tx: Transaction, user_id: UUID, kind: NotificationKind, configuration_id: UUID, request_id: UUID | None = None
) -> None:
    """Tell one person, unless they did it."""
    by_id = tx.scope.actor_id
    if user_id == by_id:
        return
    new = new_id()
    made = {"id": new, "user_id": user_id, "kind": kind, "configuration_id": configuration_id}
    tx.run(queries.insert_notification, {**made, "request_id": request_id, "by_id": by_id, "created_at": now()})
    about = {"what": kind, "configuration": str(configuration_id)}
    if request_id is not None:
        about["request"] = str(request_id)
    tx.record("notification", new, owner=user_id, tenant_id=None, **about)
