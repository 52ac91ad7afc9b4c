"""What the statements of conversations are made of."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, literal_column, or_
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH
from holdfast.core.database.types import Id
from holdfast.domains.conversations.tables import conversations, messages

_INTERNAL = ("tenant_id", "head", "previous_head", "indexed_through")
CONVERSATION = [column for column in conversations.c if column.name not in _INTERNAL]
MESSAGE = [column for column in messages.c if column.name not in ("tenant_id", "owner_id", "salt")]
MESSAGE_FIELDS = tuple(column.name for column in MESSAGE)
THIS = bindparam("conversation_id", type_=Id)
LIMIT = bindparam("limit", type_=Integer)

ACTIVE, DELETED = literal_column("'ACTIVE'", Text()), literal_column("'DELETED'", Text())
"""Written into the statements: of a parameter PostgreSQL does not know how rare it is, and it took "not deleted" for
next to no conversation, so that it read and sorted all of them where the first rows of an index would do.
"""
_WHOLE_TENANT = literal_column("'tenant'", Text())


def within_reach(owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """The actor's own, or anything of the tenant for those who administer or audit it."""
    return or_(owner == ACTOR, REACH == _WHOLE_TENANT)
