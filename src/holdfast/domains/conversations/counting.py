"""What conversations say of their use, for analytics: counts only, of what the asker reaches.

Each statement reads the tenant's rows of the period; there is no index by time, for appends would pay for it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, func, or_, select

from holdfast.core.activity import Counted, register_activity
from holdfast.core.database import ACTOR, REACH, TENANT, Query, Transaction
from holdfast.core.database.constructs import start_of_day
from holdfast.core.database.json_paths import text_at
from holdfast.core.database.types import Time
from holdfast.domains.conversations.tables import conversations, feedback, messages

_c, _m, _f = conversations.c, messages.c, feedback.c
_SINCE, _UNTIL = bindparam("since", type_=Time), bindparam("until", type_=Time)
_COMMON = 50


def _within(columns: Any, at: ColumnElement[Any]) -> ColumnElement[bool]:
    mine = or_(columns.owner_id == ACTOR, REACH == "tenant")
    return and_(columns.tenant_id == TENANT, mine, at >= _SINCE, at < _UNTIL)


def _day(at: ColumnElement[Any]) -> Any:
    return start_of_day(at).label("day")


_written = select(_day(_m.created_at), _m.owner_id, _m.role, func.count().label("count"))
_messages = Query(
    _written.where(_within(_m, _m.created_at), _m.tenant_id == TENANT).group_by("day", _m.owner_id, _m.role)
)

_begun = select(_day(_c.created_at), _c.owner_id, func.count().label("count"))
_conversations = Query(
    _begun.where(_within(_c, _c.created_at), _c.tenant_id == TENANT, _c.deleted_at.is_(None)).group_by(
        "day", _c.owner_id
    )
)

_longest = func.coalesce(func.max(_c.message_count), 0)
_lengths = Query(
    select(func.count(), func.coalesce(func.sum(_c.message_count, type_=Integer()), 0), _longest).where(
        _within(_c, _c.active_at), _c.tenant_id == TENANT, _c.deleted_at.is_(None), _c.message_count > 0
    )
)

_said = (
    select(text_at(_m.metadata, "path").label("label"))
    .where(_within(_m, _m.created_at), _m.tenant_id == TENANT, _m.role == "assistant")
    .subquery("said")
)
_count = func.count().label("count")
_intents = Query(
    select(_said.c.label, _count)
    .where(_said.c.label.is_not(None))
    .group_by(_said.c.label)
    .order_by(_count.desc(), _said.c.label)
    .limit(_COMMON)
)

_up, _down = (func.sum(case((_f.rating == rating, 1), else_=0), type_=Integer()) for rating in (1, -1))
_rated = select(_day(_f.created_at), _up.label("up"), _down.label("down"))
_ratings = Query(
    _rated.where(
        _f.tenant_id == TENANT,
        or_(_f.user_id == ACTOR, REACH == "tenant"),
        _f.created_at >= _SINCE,
        _f.created_at < _UNTIL,
    ).group_by("day")
)


def count(tx: Transaction, since: datetime, until: datetime) -> list[Counted]:
    """Messages by day, person and role; conversations begun; their length; intents (a text under `intent` in the
    metadata of answers); ratings. Five statements.
    """
    period = {"since": since, "until": until}
    made = [Counted("messages", number, day, owner, role) for day, owner, role, number in tx.all(_messages, period)]
    made += [Counted("conversations", number, day, owner) for day, owner, number in tx.all(_conversations, period)]
    ((active, total, longest),) = tx.all(_lengths, period)
    lengths = {"active": active, "messages": total, "longest": longest}
    made += [Counted("conversation_lengths", int(number), label=name) for name, number in lengths.items()]
    found = tx.all(_intents, {**period, "path": ["intent"]})
    made += [Counted("intents", number, label=label[:200]) for label, number in found]
    for day, up, down in tx.all(_ratings, period):
        made += [Counted("ratings", int(up), day, label="up"), Counted("ratings", int(down), day, label="down")]
    return made


register_activity("conversations", count)
