"""Access: a scope that is looked up again when it may have changed, so that who is suspended is out.

In this process a suspension, a revocation or another role counts from the next call on (`changed`); what other
processes changed, after a second at the latest (`Settings.access_seconds`).
"""

from collections.abc import Callable
from time import monotonic

from holdfast.core.scope import Scope


class AccessChanges:
    """Counts, for one open store, the changes that may have taken somebody's access."""

    def __init__(self) -> None:
        self.count = 0

    def changed(self) -> None:
        """Every scope of this store is looked up again before its next call."""
        self.count += 1


class Access:
    """The scope of one person, or one that never changes when there is nothing to look up."""

    def __init__(
        self,
        scope: Scope,
        changes: AccessChanges | None = None,
        look_up: Callable[[], Scope] | None = None,
        *,
        seconds: float = 1.0,
    ) -> None:
        self.scope = scope
        self._changes = changes or AccessChanges()
        self._look_up = look_up
        self._seconds = seconds
        self._seen = self._changes.count
        self._until = monotonic() + seconds

    @property
    def is_known(self) -> bool:
        """Whether `checked` need not look anything up now."""
        return self._look_up is None or (self._seen == self._changes.count and monotonic() < self._until)

    def checked(self) -> Scope:
        """The scope as it is now. Raises what looking it up raises: the person is suspended, or gone."""
        if self._look_up is not None and not self.is_known:
            seen = self._changes.count
            found = self._look_up()
            if found != self.scope:
                self.scope = found
            self._seen, self._until = seen, monotonic() + self._seconds
        return self.scope
