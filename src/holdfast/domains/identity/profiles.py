"""What a tenant shows the world, cached: it is asked for by everybody who opens a log-in page.

It lets nobody in: whether somebody may log in, and whether the tenant is suspended then, the database is asked each
time.
"""

from holdfast.core.cache.own import call_back, own_cache, own_ttl
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.scope import OPERATOR
from holdfast.domains.identity import queries
from holdfast.domains.identity.authentication import check_standing
from holdfast.domains.identity.errors import TenantNotFound
from holdfast.domains.identity.models import TenantProfile

_FAMILY = "profile"


def published(engine: Engine, slug: str) -> TenantProfile:
    """What a tenant has published, or had a moment ago. Raises `TenantNotFound`, `TenantSuspended`; those are not kept.

    A hit in this process takes some 10 µs.
    """
    return own_cache(engine).get_or_load(
        _FAMILY,
        slug,
        lambda: engine.read(OPERATOR, "all", lambda tx: profile_of(tx, slug)),
        ttl=own_ttl(engine),
        tags=[_tag(slug)],
    )


def profile_changes(tx: Transaction, engine: Engine, slug: str) -> None:
    """Within a transaction that changes what a tenant shows, or whether it shows anything."""
    call_back(tx, engine, _tag(slug))


def profile_of(tx: Transaction, slug: str) -> TenantProfile:
    """What a tenant has published, from the database. Raises `TenantNotFound`, `TenantSuspended`."""
    found = tx.first(queries.profile_by_slug, {"slug": slug})
    if found is None:
        raise TenantNotFound(slug)
    slug, name, status, parts = found
    check_standing(status, None)
    return TenantProfile(slug=slug, name=name, **parts)


def _tag(slug: str) -> str:
    return f"profile {slug}"
