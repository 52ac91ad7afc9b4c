"""Every statement about logins with OpenID Connect."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from holdfast.core.database import Query
from holdfast.core.database.types import Digest, Time
from holdfast.domains.identity.queries import IN, OF_USER, Standing
from holdfast.domains.identity.tables import memberships, oidc_identities, oidc_logins, tenants

_l, _i, _m, _t = oidc_logins.c, oidc_identities.c, memberships.c, tenants.c
_STATE = bindparam("state", type_=Digest)


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A login under way."""

    tenant_id: UUID
    provider: str
    redirect_uri: str
    nonce: str
    verifier: str
    expires_at: datetime


insert_login = Query(insert(oidc_logins), operator=True)

login_begun = Query(
    select(_l.tenant_id, _l.provider, _l.redirect_uri, _l.nonce, _l.verifier, _l.expires_at).where(_l.state == _STATE),
    Begun,
    operator=True,
)

delete_login = Query(delete(oidc_logins).where(_l.state == _STATE), operator=True)

delete_old_logins = Query(delete(oidc_logins).where(_l.expires_at < bindparam("moment", type_=Time)), operator=True)

_standing = (
    select(_m.user_id, _m.role, _m.status, _t.status.label("tenant_status"))
    .join(tenants, _t.id == _m.tenant_id)
    .where(_m.tenant_id == IN)
)

member_by_subject = Query(
    _standing.join(oidc_identities, (_i.tenant_id == _m.tenant_id) & (_i.user_id == _m.user_id)).where(
        _i.issuer == bindparam("issuer"), _i.subject == bindparam("subject")
    ),
    Standing,
    operator=True,
)

identity_of = Query(
    select(_i.subject).where(_i.tenant_id == IN, _i.issuer == bindparam("issuer"), _i.user_id == OF_USER),
    operator=True,
)

insert_identity = Query(insert(oidc_identities), operator=True)

delete_identities = Query(delete(oidc_identities).where(_i.tenant_id == IN, _i.user_id == OF_USER), operator=True)
