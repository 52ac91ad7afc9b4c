"""API keys: made, listed, revoked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_name
from holdfast.core.policy import POLICY
from holdfast.domains.identity import credential_queries as queries
from holdfast.domains.identity.errors import ApiKeyNotFound, CredentialRefused
from holdfast.domains.identity.models import ApiKey
from holdfast.domains.identity.room import IdentityRoom, check_email
from holdfast.domains.identity.tokens import HINT_CHARS, digest_of, new_token

_CREATE = "identity.create_api_key"


class ApiKeys(IdentityRoom):
    """Operations on API keys."""

    @action("identity.create_api_key", writes=True, as_operator=True)
    def create_api_key(
        self,
        *,
        tenant: str | None = None,
        user: str | None = None,
        scopes: Sequence[str] | None = None,
        name: str | None = None,
        expires_at: datetime | None = None,
    ) -> Work[ApiKey]:
        """Make a key that acts as a person; `secret` is shown now and never again.

        `user` (an e-mail address) is the caller unless somebody above names another. `scopes`, such as
        "conversations:read" or "identity:write", narrow what the key may do; None leaves it all the person may.
        Raises `CredentialRefused` when the key could do more, or longer, than what it is asked with.
        """
        email = None if user is None else check_email(user)
        wanted = None if scopes is None else _check_scopes(scopes)
        title = None if name is None else check_name(name, field="name", most_chars=self.settings.title_chars)
        ends = None if expires_at is None else _check_future(expires_at)
        self._check_narrower(wanted)
        secret = new_token("api_key")

        def work(tx: Transaction) -> ApiKey:
            tenant_id, user_id = self._whose(tx, email, tenant)
            if user_id is None:
                raise InvalidInput("user: whose key? give their e-mail address", field="user")
            self._check_not_longer(tx, ends)
            made = ApiKey(
                id=new_id(),
                tenant_id=tenant_id,
                user_id=user_id,
                name=title,
                scopes=wanted,
                hint=secret[:HINT_CHARS],
                created_at=now(),
                created_by=self.scope.actor_id,
                expires_at=ends,
                secret=secret,
            )
            row = {column: value for column, value in made.__dict__.items() if column != "secret"}
            tx.run(queries.insert_api_key, {**row, "digest": digest_of(secret)})
            tx.record("api_key", made.id, owner=user_id, tenant_id=tenant_id, user=str(user_id), scopes=wanted)
            return made

        return work

    @action("identity.list_api_keys", writes=False, as_operator=True)
    def list_api_keys(self, *, user: str | None = None, tenant: str | None = None) -> Work[list[ApiKey]]:
        """Keys, oldest first, revoked ones too: the caller's own; for those who administer, of `user`."""
        email = None if user is None else check_email(user)

        return lambda tx: self._held(tx, email, tenant, queries.every_api_key)

    @action("identity.revoke_api_key", writes=True, on="key", as_operator=True, changes_access=True)
    def revoke_api_key(self, key: UUID | str) -> Work[ApiKey]:
        """End a key; its next request is refused. Raises `ApiKeyNotFound`, `CredentialRefused`."""
        key_id = as_id(key, field="key")

        def work(tx: Transaction) -> ApiKey:
            found = tx.first(queries.api_key_by_id, {"this_id": key_id})
            if found is None or not self._reaches(tx, found.tenant_id, found.user_id):
                raise ApiKeyNotFound(key_id)
            moment = now()
            tx.run(queries.revoke_api_key, {"this_id": key_id, "moment": moment})
            tx.record("api_key", key_id, owner=found.user_id, tenant_id=found.tenant_id)
            return replace(found, revoked_at=found.revoked_at or moment)

        return work

    def _check_narrower(self, wanted: list[str] | None) -> None:
        """A key that is narrowed makes none that is less so."""
        grants = self.scope.grants
        if grants is None:
            return
        writable = {grant.removesuffix(":write") for grant in grants if grant.endswith(":write")}
        held = grants | {f"{room}:read" for room in writable}
        if wanted is None or not held.issuperset(wanted):
            reason = f"this API key holds {sorted(grants)}; it can make keys with these scopes only, named one by one"
            raise CredentialRefused(_CREATE, self.scope.role, reason)

    def _check_not_longer(self, tx: Transaction, ends: datetime | None) -> None:
        """A key that expires makes none that lives longer."""
        if self.scope.credential_id is None:
            return
        shown = tx.first(queries.api_key_by_id, {"this_id": self.scope.credential_id})
        if shown is not None and shown.expires_at is not None and (ends is None or ends > shown.expires_at):
            reason = f"this API key expires at {shown.expires_at.isoformat()}; give expires_at no later than that"
            raise CredentialRefused(_CREATE, self.scope.role, reason)


def _check_scopes(scopes: object) -> list[str]:
    rooms = sorted({operation.partition(".")[0] for operation in POLICY})
    known = [f"{room}:{right}" for room in rooms for right in ("read", "write")]
    if isinstance(scopes, str) or not isinstance(scopes, Sequence) or not scopes:
        raise InvalidInput(f"scopes: give a list of some of {', '.join(known)}", field="scopes")
    for scope in scopes:
        if scope not in known:
            raise InvalidInput(f"scopes: {scope!r:.80} is not one of {', '.join(known)}", field="scopes")
    return sorted(set(scopes))


def _check_future(moment: datetime) -> datetime:
    ends = as_utc(moment, field="expires_at")
    if ends <= now():
        raise InvalidInput(f"expires_at: {ends.isoformat()} has passed; give a time to come", field="expires_at")
    return ends
