"""Preferences: what a person likes, everywhere or within one tenant; JSON values, each under its name."""

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json, check_name
from holdfast.domains.identity import preference_queries as queries
from holdfast.domains.identity.errors import CredentialRefused, PreferenceNotFound
from holdfast.domains.identity.models import Preference
from holdfast.domains.identity.room import IdentityRoom

_WHY = (
    "a session or an API key of a tenant reaches the preferences of that tenant only: whoever administers it could "
    "have made the credential; leave `everywhere` out, or ask through the application's own scope"
)


class Preferences(IdentityRoom):
    """Operations on one's own preferences. What is set within a tenant goes before what is set everywhere.

    What is set everywhere is there for scopes that the application opens for a person (`store.tenant(…).user(…)`). It
    is not for sessions and API keys: an administrator of one tenant can get hold of one (with a password they set,
    say), and would read and change what the person prefers in all others.
    """

    @action("identity.read_preferences", writes=False)
    def preferences(self) -> Work[dict[str, object]]:
        """Every preference that holds here, by name."""

        def work(tx: Transaction) -> dict[str, object]:
            found = [*([] if self._through_a_tenant else tx.all(queries.everywhere)), *tx.all(queries.here)]
            return {preference.name: preference.value for preference in found}

        return work

    @action("identity.read_preferences", writes=False)
    def preference(self, name: str) -> Work[object]:
        """What is preferred under a name. Raises `PreferenceNotFound`."""
        asked = {"name": self._check_preference_name(name)}

        def work(tx: Transaction) -> object:
            found = tx.first(queries.one_here, asked)
            if found is None and not self._through_a_tenant:
                found = tx.first(queries.one_everywhere, asked)
            if found is None:
                raise PreferenceNotFound(name)
            return found.value

        return work

    @action("identity.set_preference", writes=True)
    def set_preference(self, name: str, value: object, *, everywhere: bool = False) -> Work[Preference]:
        """Prefer `value` (JSON, not null), in this tenant or `everywhere`. Others' names are left as they are.

        Raises `CredentialRefused` for `everywhere` with a session or an API key.
        """
        self._check_may_reach(everywhere)
        if value is None:
            raise InvalidInput("value: null; identity.remove_preference(…) takes a preference away", field="value")
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        check_json(value, field="value", **limits)
        made = Preference(name=self._check_preference_name(name), value=value, updated_at=now())

        def work(tx: Transaction) -> Preference:
            tx.all(queries.wait_for_turn, {"turn": f"preference {self.scope.actor_id} {name}"})
            tx.run(queries.delete_everywhere if everywhere else queries.delete_here, {"name": name})
            tx.run(queries.insert_everywhere if everywhere else queries.insert_here, made.__dict__)
            self._record_preference(tx, name, everywhere)
            return made

        return work

    @action("identity.set_preference", writes=True)
    def remove_preference(self, name: str, *, everywhere: bool = False) -> Work[None]:
        """Forget a preference of this tenant, or the one `everywhere`.

        Raises `PreferenceNotFound`, and as `set_preference`.
        """
        self._check_may_reach(everywhere)
        asked = {"name": self._check_preference_name(name)}

        def work(tx: Transaction) -> None:
            if tx.run(queries.delete_everywhere if everywhere else queries.delete_here, asked) == 0:
                raise PreferenceNotFound(name)
            self._record_preference(tx, name, everywhere)

        return work

    @property
    def _through_a_tenant(self) -> bool:
        """Whether the caller came with a credential, which those who administer the tenant could have made."""
        return self.scope.credential_id is not None

    def _check_may_reach(self, everywhere: bool) -> None:
        if everywhere and self._through_a_tenant:
            raise CredentialRefused("identity.set_preference", self.scope.role, _WHY)

    def _check_preference_name(self, name: object) -> str:
        return check_name(name, field="name", most_chars=self.settings.title_chars)

    def _record_preference(self, tx: Transaction, name: str, everywhere: bool) -> None:
        tx.record("user", self.scope.actor_id, owner=self.scope.actor_id, preference=name, everywhere=everywhere)
