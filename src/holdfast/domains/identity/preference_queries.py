"""Every statement about preferences. A person's own only, which row-level security holds as well."""

from typing import Any

from sqlalchemy import BindParameter, Table, bindparam, delete, insert, select

from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.domains.identity.models import Preference
from holdfast.domains.identity.tables import preferences, user_preferences

_p, _e = preferences.c, user_preferences.c
_NAME: BindParameter[str] = bindparam("name")


def _given(table: Table) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name, type_=table.c[name].type) for name in ("name", "value", "updated_at")}


_HERE = (_p.tenant_id == TENANT, _p.user_id == ACTOR)

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One change of a preference at a time."""

here = Query(select(_p.name, _p.value, _p.updated_at).where(*_HERE), Preference)

everywhere = Query(select(_e.name, _e.value, _e.updated_at).where(_e.user_id == ACTOR), Preference)

one_here = Query(select(_p.name, _p.value, _p.updated_at).where(*_HERE, _p.name == _NAME), Preference)

one_everywhere = Query(
    select(_e.name, _e.value, _e.updated_at).where(_e.user_id == ACTOR, _e.name == _NAME), Preference
)

insert_here = Query(insert(preferences).values(tenant_id=TENANT, user_id=ACTOR, **_given(preferences)))

insert_everywhere = Query(insert(user_preferences).values(user_id=ACTOR, **_given(user_preferences)))

delete_here = Query(delete(preferences).where(*_HERE, _p.name == _NAME))

delete_everywhere = Query(delete(user_preferences).where(_e.user_id == ACTOR, _e.name == _NAME))
