"""Logging in with OpenID Connect: the authorization code flow with PKCE.

The provider proves who somebody is; what they may do is their membership, which must be there already. The first time,
the verified e-mail address finds it, and the provider's own name for the person (`sub`) is kept; from then on that
decides, so that an address given to somebody else later opens nothing.
"""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.inputs import check_text
from holdfast.core.settings import OpenIdProvider
from holdfast.domains.identity import openid_queries as queries
from holdfast.domains.identity.authentication import check_standing, places_of
from holdfast.domains.identity.errors import NotAuthenticated, OpenIdMissing, ProviderNotFound, SignInRefused
from holdfast.domains.identity.models import Session, SignIn
from holdfast.domains.identity.openid_queries import Begun
from holdfast.domains.identity.queries import Standing, member_standing, wait_for_turn
from holdfast.domains.identity.room import check_email
from holdfast.domains.identity.sessions import Sessions
from holdfast.domains.identity.tokens import digest_of

if TYPE_CHECKING:
    from holdfast.domains.identity import openid_client
    from holdfast.domains.identity.openid_client import Person

LASTS = timedelta(minutes=10)
"""How long a login may take at the provider."""
_MOST_BYTES = 4096


def _client() -> "type[openid_client.Client]":
    """The network side, whose libraries are an extra."""
    try:
        from holdfast.domains.identity.openid_client import Client
    except ImportError as error:
        raise OpenIdMissing from error
    return Client


class OpenId(Sessions):
    """Operations of logging in with a provider."""

    @composite
    def begin_oidc(self, provider: str, *, redirect_uri: str, tenant: str | None = None) -> SignIn:
        """Where to send the browser. `provider` is one of `Settings.openid`; `tenant` the slug, unless it has one.

        The face keeps `state` with the browser (a cookie) and gives it back to `finish_oidc` only when the browser that
        comes back has it too. Raises `ProviderNotFound`, `TenantNotFound`, `ProviderUnavailable`.
        """
        client = _client()
        chosen = self._provider(provider)
        if chosen.tenant is not None and tenant not in (None, chosen.tenant):
            raise ProviderNotFound(provider)
        address = check_text(redirect_uri, field="redirect_uri", most_bytes=_MOST_BYTES)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        url = client(chosen).authorization_url(redirect_uri=address, state=state, nonce=nonce, challenge=challenge)
        begun = {"provider": chosen.name, "redirect_uri": address, "nonce": nonce, "verifier": verifier}
        self._keep_login(chosen.tenant or tenant, {**begun, "state": digest_of(state)})
        return SignIn(url=url, state=state)

    @composite
    def finish_oidc(self, *, state: str, code: str, address: str | None = None, agent: str | None = None) -> Session:
        """Open the session of whoever came back from the provider with `code`. Each `state` is used once.

        Raises `SignInRefused`, `NotAuthenticated` (no member of the tenant), `TenantSuspended`, `MembershipSuspended`,
        `ProviderUnavailable`.
        """
        client = _client()
        given = check_text(code, field="code", most_bytes=_MOST_BYTES)
        begun = self._take_login(check_text(state, field="state", most_bytes=_MOST_BYTES))
        if begun is None or begun.expires_at <= now():
            raise SignInRefused("it took too long, or was used before; begin again")
        provider = self._provider(begun.provider)
        person = client(provider).exchange(
            code=given, redirect_uri=begun.redirect_uri, verifier=begun.verifier, nonce=begun.nonce
        )
        session = self._open_for(begun.tenant_id, provider.issuer, person, address, agent)
        if session is None:
            self._record_refused_login(begun.tenant_id, None)
            raise NotAuthenticated
        return session

    @action("identity.unlink_openid", writes=True, as_operator=True)
    def unlink_openid(self, email: str, *, tenant: str | None = None) -> Work[None]:
        """Forget by what name a provider knows a member: the next login finds them by their address again.

        For when the provider made their account anew. Raises `UserNotFound`, `CredentialRefused`.
        """
        asked = check_email(email)

        def work(tx: Transaction) -> None:
            tenant_id = self._tenant(tx, tenant).id
            member = self._member(tx, tenant_id, asked)
            self._check_above(member)
            tx.run(queries.delete_identities, {"in_tenant": tenant_id, "of_user": member.user_id})
            tx.record("user", member.user_id, tenant_id=tenant_id, changed=["openid"])

        return work

    def _provider(self, name: str) -> OpenIdProvider:
        found = next((one for one in self.settings.openid if one.name == name), None)
        if found is None:
            raise ProviderNotFound(name)
        return found

    @action("identity.log_in", writes=True, as_operator=True, recorded=False)
    def _keep_login(self, tenant: str | None, begun: dict[str, object]) -> Work[None]:
        def work(tx: Transaction) -> None:
            moment = now()
            tx.run(queries.delete_old_logins, {"moment": moment})
            row = {**begun, "tenant_id": self._tenant(tx, tenant).id, "expires_at": moment + LASTS}
            tx.run(queries.insert_login, row)

        return work

    @action("identity.log_in", writes=True, as_operator=True, recorded=False)
    def _take_login(self, state: str) -> Work[Begun | None]:
        """The login begun with `state`, which is over with that: of two who bring it, one gets it."""
        asked = {"state": digest_of(state)}

        def work(tx: Transaction) -> Begun | None:
            found = tx.first(queries.login_begun, asked)
            return found if tx.run(queries.delete_login, asked) == 1 else None

        return work

    @action("identity.log_in", writes=True, as_operator=True)
    def _open_for(
        self, tenant_id: UUID, issuer: str, person: "Person", address: str | None, agent: str | None
    ) -> Work[Session | None]:
        places = places_of(address, agent)

        def work(tx: Transaction) -> Session | None:
            found = self._known(tx, tenant_id, issuer, person)
            if found is None:
                tx.unchanged()
                return None
            check_standing(found.tenant_status, found.status)
            return self._insert_session(tx, tenant_id, found.user_id, places)

        return work

    def _known(self, tx: Transaction, tenant_id: UUID, issuer: str, person: "Person") -> Standing | None:
        """The member whom the provider means. The first time they are found by address, and their name is kept."""
        tx.all(wait_for_turn, {"turn": f"openid {tenant_id} {person.subject}"})
        asked = {"in_tenant": tenant_id, "issuer": issuer, "subject": person.subject}
        found = tx.first(queries.member_by_subject, asked)
        if found is not None:
            return found
        found = tx.first(member_standing, {"in_tenant": tenant_id, "email": check_email(person.email)})
        if found is None or tx.first(queries.identity_of, {**asked, "of_user": found.user_id}) is not None:
            return None
        row = {"tenant_id": tenant_id, "issuer": issuer, "subject": person.subject, "user_id": found.user_id}
        tx.run(queries.insert_identity, {**row, "created_at": now()})
        return found
