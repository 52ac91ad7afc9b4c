"""Every statement on how versions do."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import BigInteger, Integer, bindparam, cast, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.types import Id, Real, Time
from holdfast.domains.configurations.models import ConfigurationFeedback
from holdfast.domains.configurations.standing_tables import configuration_feedback, configuration_uses

_u, _f = configuration_uses.c, configuration_feedback.c
_ID = bindparam("configuration_id", type_=Id)
_VERSION = bindparam("version", type_=Integer)
_MOMENT = bindparam("moment", type_=Time)


@dataclass(frozen=True, kw_only=True)
class Uses:
    """How often a version was used, by all."""

    version: int
    uses: int
    last_used_at: datetime


_new = upsert(configuration_uses).values(
    tenant_id=TENANT,
    configuration_id=_ID,
    version=_VERSION,
    user_id=ACTOR,
    uses=bindparam("uses", type_=BigInteger),
    last_used_at=_MOMENT,
)
add_uses = Query(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "configuration_id", "version", "user_id"],
        set_={"uses": _u.uses + _new.excluded.uses, "last_used_at": _new.excluded.last_used_at},
    )
)

uses_of = Query(
    select(
        _u.version,
        cast(func.sum(_u.uses), BigInteger).label("uses"),
        func.max(_u.last_used_at, type_=Time).label("last_used_at"),
    )
    .where(_u.tenant_id == TENANT, _u.configuration_id == _ID)
    .group_by(_u.version),
    Uses,
)
"""Asked of configurations that were found within reach. By primary key."""

_FEEDBACK = [column for column in _f if column.name not in ("tenant_id", "configuration_id")]


@lru_cache(maxsize=2)
def page_of_feedback(*, before: bool) -> Query[ConfigurationFeedback]:
    """What was said, the newest first."""
    rows = select(*_FEEDBACK).where(_f.tenant_id == TENANT, _f.configuration_id == _ID)
    if before:
        rows = rows.where(_f.id < bindparam("before_id", type_=Id))
    return Query(rows.order_by(_f.id.desc()).limit(bindparam("limit", type_=Integer)), ConfigurationFeedback)


said_of = Query(
    select(_f.version, _f.user_id, _f.rating, _f.accuracy, _f.samples)
    .where(_f.tenant_id == TENANT, _f.configuration_id == _ID)
    .order_by(_f.id)
)
"""All that was said of a configuration, without the words, the oldest first."""

insert_feedback = Query(
    insert(configuration_feedback).values(
        tenant_id=TENANT,
        id=bindparam("id", type_=Id),
        configuration_id=_ID,
        version=_VERSION,
        user_id=ACTOR,
        rating=bindparam("rating", type_=Integer),
        accuracy=bindparam("accuracy", type_=Real),
        samples=bindparam("samples", type_=Integer),
        comment=bindparam("comment", type_=Text()),
        created_at=_MOMENT,
    )
)
