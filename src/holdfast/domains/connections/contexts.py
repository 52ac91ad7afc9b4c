"""The newest metrics of each platform of a conversation's workspace, for the prompt, each with how old it is."""

from collections.abc import Callable
from datetime import datetime

from holdfast.core.action import Actions
from holdfast.core.clock import EPOCH, now
from holdfast.core.context import ContextItem, ContextRequest, LeftOut, register_source
from holdfast.core.database import Transaction
from holdfast.core.database.types import dump_json
from holdfast.core.errors import PermissionDenied
from holdfast.core.policy import allow
from holdfast.domains.connections import cursors, queries
from holdfast.domains.connections.access import check_workspace
from holdfast.domains.connections.models import Snapshot
from holdfast.domains.identity.errors import WorkspaceNotFound


class Metrics:
    """The room's part of a context. Two statements; none outside a workspace."""

    field = "metrics"

    def prepare(self, room: Actions, question: Callable[[], str]) -> None:
        """Nothing is needed from elsewhere."""

    def gather(self, tx: Transaction, request: ContextRequest) -> tuple[list[ContextItem], list[LeftOut]]:
        """See `core.context.ContextSource`. The freshest come first."""
        if request.workspace_id is None:
            return [], []
        try:
            allow(tx.scope, "connections.read_snapshots", writes=False)
            check_workspace(tx, request.workspace_id, writing=False)
        except PermissionDenied:
            return [], [_left_out("metrics", 0, "this role or API key does not read the metrics of platforms")]
        except WorkspaceNotFound:
            return [], [_left_out("metrics", 0, "the conversation's workspace is not open to the caller")]
        moment, room = now(), request.max_tokens
        items: list[ContextItem] = []
        left_out: list[LeftOut] = []
        for found in tx.all(queries.latest_snapshots, {"workspace_id": request.workspace_id, "since": EPOCH}):
            snapshot = cursors.aged(found, moment)
            text = text_of(snapshot)
            tokens = request.count_tokens(text)
            if tokens <= room:
                items.append(ContextItem(text=text, tokens=tokens, origin=_origin(snapshot)))
                room -= tokens
            else:
                what = f"metrics of {snapshot.platform}, {age(snapshot.age_seconds)} old"
                left_out.append(_left_out(what, tokens, f"{room} tokens were left for it"))
        return items, left_out


def text_of(snapshot: Snapshot) -> str:
    """A snapshot as a model is told of it."""
    when = f"{age(snapshot.age_seconds)} ago, {_written(snapshot.taken_at)}"
    return f"{snapshot.platform} ({when}): {dump_json(snapshot.metrics)}"


def age(seconds: int) -> str:
    """So many seconds in the largest unit of which there are two or more; a model need not reckon."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"


def _origin(snapshot: Snapshot) -> dict[str, object]:
    return {
        "snapshot": str(snapshot.id),
        "platform": snapshot.platform,
        "taken_at": _written(snapshot.taken_at),
        "age_seconds": snapshot.age_seconds,
    }


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _left_out(what: str, tokens: int, reason: str) -> LeftOut:
    return LeftOut(what=what, tokens=tokens, reason=reason)


register_source(Metrics())
