"""Every statement on configurations and their versions, each named by what it is for."""

from functools import lru_cache

from sqlalchemy import (
    BindParameter,
    Integer,
    bindparam,
    case,
    delete,
    exists,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import has_pieces, one_at_a_time
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Digest, Id, Time
from holdfast.domains.configurations.models import ConfigurationBranch, ConfigurationShare
from holdfast.domains.configurations.stored import Stored, StoredVersion
from holdfast.domains.configurations.tables import (
    configuration_branches,
    configuration_shares,
    configuration_versions,
    configurations,
)
from holdfast.domains.identity.tables import memberships

_c, _v, _s = configurations.c, configuration_versions.c, configuration_shares.c
_ID = bindparam("configuration_id", type_=Id)
_BRANCH: BindParameter[str] = bindparam("branch", type_=Text())
_MOMENT = bindparam("moment", type_=Time)
_LIMIT = bindparam("limit", type_=Integer)
SEGMENTS = ("vendor", "standard", "name")

# -- within reach ------------------------------------------------------------------------------------------------------

_shared = (
    exists()
    .where(_s.tenant_id == TENANT, _c.tenant_id == TENANT, _s.configuration_id == _c.id, _s.user_id == ACTOR)
    .correlate(configurations)
)
_OWN = or_(_c.owner_id == ACTOR, REACH == "tenant")
READABLE = or_(_c.visibility == "tenant", _OWN, _shared)
"""Open to the tenant, the actor's own, shared with them, or within an administrator's reach."""
EDITABLE = or_(_OWN, _shared.where(_s.level == "edit"))
ACCESS = case(
    (EDITABLE, "edit"),
    (or_(_c.visibility == "tenant", _shared.where(_s.level == "comment")), "comment"),
    else_="view",
).label("access")

_STORED = [column for column in _c if column.name != "tenant_id"]
_mine = (_c.tenant_id == TENANT, READABLE)

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One change of what is at an address at a time."""

# -- reading -----------------------------------------------------------------------------------------------------------

at_address = Query(
    select(*_STORED, ACCESS).where(*_mine, *(_c[name] == bindparam(name, type_=Text()) for name in SEGMENTS)),
    Stored,
)
"""Served by the unique index over addresses."""

by_id = Query(select(*_STORED, ACCESS).where(*_mine, _c.id == _ID), Stored)


@lru_cache(maxsize=64)
def page(*, literal: tuple[str, ...], pieces: tuple[str, ...], after: bool) -> Query[Stored]:
    """Configurations by address. `literal`: segments that are given; `pieces`: those that match a pattern.

    Served by the index over addresses, as far as leading segments are given.
    """
    rows = select(*_STORED, ACCESS).where(*_mine)
    rows = rows.where(*(_c[name] == bindparam(name, type_=Text()) for name in literal))
    rows = rows.where(*(has_pieces(_c[name], name) for name in pieces))
    order = [_c[name] for name in SEGMENTS]
    if after:
        rows = rows.where(tuple_(*order) > tuple_(*(bindparam(f"after_{name}", type_=Text()) for name in SEGMENTS)))
    return Query(rows.order_by(*order).limit(_LIMIT), Stored)


private_ones = Query(
    select(*_STORED, ACCESS)
    .where(*_mine, _c.visibility == "private")
    .order_by(_c.updated_at.desc(), _c.id)
    .limit(_LIMIT),
    Stored,
)
"""Those that the actor may read, changed last first."""

listed = Query(select(*_STORED, ACCESS).where(*_mine, is_listed(_c.id, "ids")), Stored)

_VERSION = [column for column in _v if column.name not in ("tenant_id", "configuration_id")]
_of_branch = (_v.tenant_id == TENANT, _v.configuration_id == _ID, _v.branch == _BRANCH)

version_of = Query(
    select(*_VERSION).where(*_of_branch, _v.version == bindparam("version", type_=Integer)), StoredVersion
)
"""Asked of configurations that were found within reach, as are those below. By primary key."""


@lru_cache(maxsize=2)
def page_of_versions(*, before: bool) -> Query[StoredVersion]:
    """The history, the newest first, without documents."""
    rows = select(*(column for column in _VERSION if column.name != "document")).where(*_of_branch)
    if before:
        rows = rows.where(_v.version < bindparam("before_version", type_=Integer))
    return Query(rows.order_by(_v.version.desc()).limit(_LIMIT), StoredVersion)


# -- writing -----------------------------------------------------------------------------------------------------------

insert_configuration = Query(
    insert_unless(configurations)
    .values(tenant_id=TENANT, **{column.name: bindparam(column.name, type_=column.type) for column in _STORED})
    .on_conflict_do_nothing(index_elements=["tenant_id", *SEGMENTS])
)
"""Adds nothing where the address is taken, by somebody's private configuration that is not seen."""

advance = Query(
    update(configurations)
    .where(
        _c.tenant_id == TENANT,
        EDITABLE,
        _c.id == _ID,
        _c.version == bindparam("old_version", type_=Integer),
    )
    .values(
        version=bindparam("new_version", type_=Integer),
        digest=bindparam("new_digest", type_=Digest),
        updated_at=_MOMENT,
    )
)

insert_version = Query(
    insert(configuration_versions).values(
        tenant_id=TENANT,
        **{column.name: bindparam(column.name, type_=column.type) for column in _v if column.name != "tenant_id"},
    )
)

# -- branches ----------------------------------------------------------------------------------------------------------

_b = configuration_branches.c
_BRANCH_COLUMNS = [column for column in _b if column.name not in ("tenant_id", "configuration_id")]
_NAME: BindParameter[str] = bindparam("name", type_=Text())

branch_of = Query(
    select(*_BRANCH_COLUMNS).where(_b.tenant_id == TENANT, _b.configuration_id == _ID, _b.name == _NAME),
    ConfigurationBranch,
)
"""Asked of configurations that were found within reach. By primary key."""

branches_of = Query(
    select(*_BRANCH_COLUMNS).where(_b.tenant_id == TENANT, _b.configuration_id == _ID).order_by(_b.name),
    ConfigurationBranch,
)

insert_branch = Query(
    insert(configuration_branches).values(
        tenant_id=TENANT,
        **{column.name: bindparam(column.name, type_=column.type) for column in _b if column.name != "tenant_id"},
    )
)

advance_branch = Query(
    update(configuration_branches)
    .where(
        _b.tenant_id == TENANT,
        _b.configuration_id == _ID,
        _b.name == _NAME,
        _b.version == bindparam("old_version", type_=Integer),
    )
    .values(
        version=bindparam("new_version", type_=Integer),
        digest=bindparam("new_digest", type_=Digest),
        updated_at=_MOMENT,
    )
)

mark_merged = Query(
    update(configuration_branches)
    .where(_b.tenant_id == TENANT, _b.configuration_id == _ID, _b.name == _NAME)
    .values(
        base_version=bindparam("new_base", type_=Integer),
        merged_version=bindparam("new_merged", type_=Integer),
        updated_at=_MOMENT,
    )
)

# -- shares ------------------------------------------------------------------------------------------------------------

_USER = bindparam("user_id", type_=Id)

member = Query(
    select(memberships.c.user_id).where(
        memberships.c.tenant_id == TENANT, memberships.c.user_id == _USER, memberships.c.role != "visitor"
    )
)

shares_of = Query(
    select(_s.user_id, _s.level, _s.created_at)
    .where(_s.tenant_id == TENANT, _s.configuration_id == _ID)
    .order_by(_s.created_at, _s.user_id),
    ConfigurationShare,
)
"""By primary key. Asked of configurations that the actor may share, or was let into."""

_new = insert_unless(configuration_shares).values(
    tenant_id=TENANT,
    **{column.name: bindparam(column.name, type_=column.type) for column in _s if column.name != "tenant_id"},
)
put_share = Query(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "configuration_id", "user_id"], set_={"level": _new.excluded.level}
    )
)

delete_share = Query(
    delete(configuration_shares).where(_s.tenant_id == TENANT, _s.configuration_id == _ID, _s.user_id == _USER)
)

set_visibility = Query(
    update(configurations)
    .where(_c.tenant_id == TENANT, _OWN, _c.id == _ID)
    .values(visibility=bindparam("new_visibility", type_=Text()), updated_at=_MOMENT)
)
