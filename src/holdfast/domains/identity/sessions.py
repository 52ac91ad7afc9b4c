"""Sessions: logging in with a password, visitors, what is open, and ending it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from holdfast.core.action import action, composite, record_refused
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.transaction import Recorded
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_text
from holdfast.core.scope import NIL
from holdfast.domains.identity import credential_queries as queries
from holdfast.domains.identity import passwords
from holdfast.domains.identity import queries as identity_queries
from holdfast.domains.identity.authentication import check_standing, places_of
from holdfast.domains.identity.credential_queries import Login
from holdfast.domains.identity.errors import NotAuthenticated, SessionNotFound
from holdfast.domains.identity.models import Session, Tenant
from holdfast.domains.identity.people import add_membership, add_user
from holdfast.domains.identity.room import IdentityRoom, check_email
from holdfast.domains.identity.tokens import digest_of, new_token

NOBODY = NIL
"""The tenant of a platform user's password; no session or key has this id."""


class Sessions(IdentityRoom):
    """Operations on sessions."""

    @composite
    def log_in(
        self, *, tenant: str | None, email: str, password: str, address: str | None = None, agent: str | None = None
    ) -> Session:
        """Open a session with a password. `tenant`: its slug, or None for who looks after the platform.

        An unknown tenant, an unknown person and a wrong password are answered alike, after the same time. `address` and
        `agent` are kept with the session. Raises `NotAuthenticated`; with the right password, `TenantSuspended` or
        `MembershipSuspended`.
        """
        given = passwords.prepared(password)
        found = self._login(tenant, email)
        if not passwords.is_right(None if found is None else found.hash, given) or found is None:
            place = self._tenant_named(tenant)
            self._record_refused_login(place.id if place else None, found.user_id if found else None)
            raise NotAuthenticated
        return self._open_session(found, given, address, agent)

    @action("identity.log_in", writes=False, as_operator=True)
    def _login(self, tenant: str | None, email: str) -> Work[Login | None]:
        who = {"email": check_email(email), "in_tenant": NOBODY}
        if tenant is None:
            return lambda tx: tx.first(queries.login_on_platform, who)
        asked = {**who, "slug": check_text(tenant, field="tenant", most_bytes=1_000)}
        return lambda tx: tx.first(queries.login_in_tenant, asked)

    @action("identity.log_in", writes=False, as_operator=True)
    def _tenant_named(self, tenant: str | None) -> Work[Tenant | None]:
        asked = {"slug": tenant}
        return lambda tx: None if tenant is None else tx.first(identity_queries.tenant_by_slug, asked)

    def _record_refused_login(self, tenant_id: UUID | None, user_id: UUID | None) -> None:
        """A failed attempt is in the trail: of the tenant, if there is one; with whom it was, if there is somebody."""
        about = Recorded("user", user_id, tenant_id=tenant_id)
        record_refused(self.engine, self.scope, "identity.log_in", about, NotAuthenticated())

    @action("identity.log_in", writes=True, as_operator=True)
    def _open_session(self, found: Login, password: str, address: str | None, agent: str | None) -> Work[Session]:
        check_standing(found.tenant_status, found.status)
        renewed = None
        if found.hash is not None and passwords.is_outdated(found.hash):
            renewed = passwords.hash_password(password)
        places = places_of(address, agent)

        def work(tx: Transaction) -> Session:
            if renewed is not None:
                where = {"in_tenant": found.tenant_id or NOBODY, "of_user": found.user_id}
                tx.run(queries.replace_hash, {**where, "old_hash": found.hash, "new_hash": renewed})
            return self._insert_session(tx, found.tenant_id, found.user_id, places)

        return work

    def _insert_session(
        self, tx: Transaction, tenant_id: UUID | None, user_id: UUID, places: dict[str, str | None]
    ) -> Session:
        """A person's session, which lasts as the settings say."""
        idle = timedelta(hours=self.settings.session_hours)
        most = timedelta(days=self.settings.session_days)
        return _insert(tx, tenant_id, user_id, idle=idle, most=most, places=places)

    @action("identity.create_visitor", writes=True, as_operator=True)
    def create_visitor(
        self, *, tenant: str | None = None, address: str | None = None, agent: str | None = None
    ) -> Work[Session]:
        """Let somebody unknown in, as in a web chat: they keep conversations of their own, and find them again with
        the session's token for as long as it is used now and then. Raises `TenantSuspended`; `CredentialRefused` for
        an API key that is narrowed.
        """
        self._check_not_narrowed("identity.create_visitor", "lets no visitors in")
        idle = timedelta(days=self.settings.visitor_days)
        most = timedelta(days=self.settings.visitor_most_days)
        places = places_of(address, agent)

        def work(tx: Transaction) -> Session:
            found = self._tenant(tx, tenant)
            check_standing(found.status, None)
            user = add_user(tx, None)
            add_membership(tx, found.id, user.id, role="visitor")
            return _insert(tx, found.id, user.id, idle=idle, most=most, places=places)

        return work

    @action("identity.list_sessions", writes=False, as_operator=True)
    def list_sessions(self, *, user: str | None = None, tenant: str | None = None) -> Work[list[Session]]:
        """Open sessions, newest first: the caller's own; for those who administer, of `user` (an e-mail address)."""
        email = None if user is None else check_email(user)

        return lambda tx: self._held(tx, email, tenant, queries.live_sessions, moment=now())

    @action("identity.revoke_session", writes=True, on="session", as_operator=True, changes_access=True)
    def revoke_session(self, session: UUID | str) -> Work[Session]:
        """End a session; its next request is refused. Raises `SessionNotFound`, `CredentialRefused`."""
        session_id = as_id(session, field="session")

        def work(tx: Transaction) -> Session:
            found = tx.first(queries.session_by_id, {"this_id": session_id})
            if found is None or not self._reaches(tx, found.tenant_id, found.user_id):
                raise SessionNotFound(session_id)
            moment = now()
            tx.run(queries.revoke_session, {"this_id": session_id, "moment": moment})
            tx.record("session", session_id, owner=found.user_id, tenant_id=found.tenant_id)
            return replace(found, revoked_at=found.revoked_at or moment)

        return work

    @action("identity.revoke_session", writes=True, as_operator=True, changes_access=True)
    def revoke_sessions(self, *, user: str | None = None, tenant: str | None = None) -> Work[int]:
        """End every session of the caller, or of `user`. How many there were."""
        email = None if user is None else check_email(user)

        def work(tx: Transaction) -> int:
            tenant_id, user_id = self._whose(tx, email, tenant)
            if user_id is None:
                raise SessionNotFound(None)
            count = end_sessions(tx, tenant_id, user_id)
            tx.record("user", user_id, owner=user_id, tenant_id=tenant_id, sessions=count)
            return count

        return work

    @action("identity.revoke_session", writes=True, as_operator=True, changes_access=True)
    def log_out(self) -> Work[None]:
        """End the session that this scope was opened with. Raises `SessionNotFound` when it was opened otherwise."""

        def work(tx: Transaction) -> None:
            row = {"this_id": self.scope.credential_id or NOBODY, "moment": now()}
            if tx.run(queries.revoke_session, row) == 0:
                raise SessionNotFound(self.scope.credential_id)
            tx.record("session", self.scope.credential_id, owner=self.scope.actor_id)

        return work


def end_sessions(tx: Transaction, tenant_id: UUID | None, user_id: UUID, *, but: UUID | None = None) -> int:
    """Revoke a person's sessions in a tenant (None: on the platform), all or all but one."""
    row = {"in_tenant": tenant_id, "of_user": user_id, "moment": now(), "but": but or NOBODY}
    return tx.run(queries.revoke_platform_sessions if tenant_id is None else queries.revoke_sessions, row)


def end_keys(tx: Transaction, tenant_id: UUID | None, user_id: UUID, *, but: UUID | None = None) -> int:
    """Revoke a person's API keys in a tenant (None: on the platform), all or all but one."""
    row = {"in_tenant": tenant_id, "of_user": user_id, "moment": now(), "but": but or NOBODY}
    return tx.run(queries.revoke_platform_api_keys if tenant_id is None else queries.revoke_api_keys, row)


def _insert(
    tx: Transaction,
    tenant_id: UUID | None,
    user_id: UUID,
    *,
    idle: timedelta,
    most: timedelta,
    places: dict[str, str | None],
) -> Session:
    token, moment = new_token("session"), now()
    made = Session(
        id=new_id(),
        tenant_id=tenant_id,
        user_id=user_id,
        created_at=moment,
        last_used_at=moment,
        expires_at=min(moment + idle, moment + most),
        ends_at=moment + most,
        address=places["address"],
        agent=places["agent"],
        token=token,
    )
    row = {name: value for name, value in made.__dict__.items() if name != "token"}
    tx.run(queries.insert_session, {**row, "digest": digest_of(token), "idle_seconds": int(idle.total_seconds())})
    tx.record("session", made.id, owner=user_id, tenant_id=tenant_id, user=str(user_id))
    return made
