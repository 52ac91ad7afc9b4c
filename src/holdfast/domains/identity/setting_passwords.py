"""Passwords are set by those they belong to and by those above them."""

from uuid import UUID

from holdfast.core.action import action, composite, record_refused
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.transaction import Recorded
from holdfast.core.errors import InvalidInput
from holdfast.domains.identity import credential_queries as queries
from holdfast.domains.identity import passwords
from holdfast.domains.identity.errors import CredentialRefused, NotAuthenticated
from holdfast.domains.identity.queries import member_by_id, wait_for_turn
from holdfast.domains.identity.room import IdentityRoom, check_email
from holdfast.domains.identity.sessions import NOBODY, end_keys, end_sessions

_SET = "identity.set_password"


class SettingPasswords(IdentityRoom):
    """Operations on passwords."""

    @composite
    def set_password(
        self,
        email: str,
        password: str,
        *,
        current: str | None = None,
        tenant: str | None = None,
        revoke_keys: bool = False,
    ) -> None:
        """Give a member a password for this tenant (12 to 1,024 characters); their other sessions end.

        Their API keys go on; `revoke_keys` ends those too, but for one that this is asked with: for when somebody else
        may have been at them.
        Whoever is logged in and changes their own gives the `current` one too. Each tenant has passwords of its own.
        The operator names the tenant, or none for a password to the platform. A platform_admin sets no owner's.
        Raises `CredentialRefused`, `NotAuthenticated` (`current` is wrong), `UserNotFound`, `InvalidInput`.
        """
        new = passwords.check_password(password)
        user_id, kept = self._kept(check_email(email), tenant)
        is_own = user_id == self.scope.actor_id and self.scope.credential_id is not None
        if is_own and kept is not None and not passwords.is_right(kept, passwords.prepared(current or "")):
            refused = NotAuthenticated()
            record_refused(self.engine, self.scope, _SET, Recorded("user", user_id, owner_id=user_id), refused)
            raise refused
        self._keep(check_email(email), tenant, passwords.hash_password(new), revoke_keys)

    @action("identity.set_password", writes=False, as_operator=True)
    def _kept(self, email: str, tenant: str | None) -> Work[tuple[UUID, str | None]]:
        self._check_not_narrowed(_SET, "sets no passwords")

        def work(tx: Transaction) -> tuple[UUID, str | None]:
            self._check_lasting(tx)
            tenant_id, user_id = self._somebody(tx, email, tenant)
            kept = tx.first(queries.password_of, {"in_tenant": tenant_id or NOBODY, "of_user": user_id})
            return user_id, None if kept is None else kept[0]

        return work

    @action("identity.set_password", writes=True, as_operator=True, changes_access=True)
    def _keep(self, email: str, tenant: str | None, hashed: str, revoke_keys: bool) -> Work[None]:
        def work(tx: Transaction) -> None:
            tenant_id, user_id = self._somebody(tx, email, tenant)
            where = {"in_tenant": tenant_id or NOBODY, "of_user": user_id}
            tx.all(wait_for_turn, {"turn": f"password {user_id}"})
            tx.run(queries.delete_password, where)
            row = {"tenant_id": tenant_id or NOBODY, "user_id": user_id, "hash": hashed, "changed_at": now()}
            tx.run(queries.insert_password, row)
            end_sessions(tx, tenant_id, user_id, but=self.scope.credential_id)
            changed = ["password"]
            if revoke_keys:
                end_keys(tx, tenant_id, user_id, but=self.scope.credential_id)
                changed.append("api_keys")
            tx.record("user", user_id, owner=user_id, tenant_id=tenant_id, changed=changed)

        return work

    def _somebody(self, tx: Transaction, email: str, tenant: str | None) -> tuple[UUID | None, UUID]:
        tenant_id, user_id = self._whose(tx, email, tenant)
        if user_id is None:
            raise InvalidInput("email: whose password? give their address", field="email")
        if tenant_id is not None and user_id != self.scope.actor_id:
            member = tx.first(member_by_id, {"in_tenant": tenant_id, "of_user": user_id})
            self._check_grant("" if member is None else member.role)
        return tenant_id, user_id

    def _check_lasting(self, tx: Transaction) -> None:
        """A password opens sessions for as long as it stands, so a key that expires sets none."""
        if self.scope.credential_id is None:
            return
        shown = tx.first(queries.api_key_by_id, {"this_id": self.scope.credential_id})
        if shown is not None and shown.expires_at is not None:
            reason = (
                f"this API key expires at {shown.expires_at.isoformat()}, and sets no passwords, which would outlast "
                "it; log in, or use a key that does not expire"
            )
            raise CredentialRefused(_SET, self.scope.role, reason)
