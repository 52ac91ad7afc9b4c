"""Which store a command works on, and as whom: from options, the environment, or a profile file."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import holdfast
from holdfast.core.errors import InvalidInput

if TYPE_CHECKING:
    from holdfast.domains.identity import Identity
    from holdfast.scopes import UserScope
    from holdfast.store import Store


@dataclass(frozen=True, kw_only=True)
class Target:
    """A store and a person. The key itself stays in its file, or in HOLDFAST_KEY."""

    store: str | None = None
    key_file: str | None = None
    keyring: str | None = field(default=None, repr=False)
    tenant: str | None = None
    user: str | None = None

    @classmethod
    def find(cls, *, profile: Path | None, key_file: Path | None, **given: str | None) -> "Target":
        """What is given, completed by the profile. Raises `InvalidInput` for a profile that cannot be read."""
        made = cls() if profile is None else cls(**_read_profile(profile))
        chosen: dict[str, Any] = {**given, "key_file": None if key_file is None else str(key_file)}
        return replace(made, **{name: value for name, value in chosen.items() if value is not None})

    def at(self, store: str | None) -> "Target":
        """The same person at another store, if one is named."""
        return self if store is None else replace(self, store=store)

    def url(self) -> str:
        """The store's URL. Raises `InvalidInput` when none is known."""
        return _needed(self.store, "store", "sqlite:///path/to/file.db")

    def key(self) -> str | None:
        """The key, if there is one. Raises `InvalidInput` when its file cannot be read."""
        if self.key_file is None:
            return os.environ.get("HOLDFAST_KEY")
        return read_key(Path(self.key_file))

    @contextmanager
    def opened(self) -> Iterator["Store"]:
        """The store, open."""
        with holdfast.open(self.url(), self.key(), keys=self.keyring) as store:
            yield store

    @contextmanager
    def person(self) -> Iterator["UserScope"]:
        """The scope of the person named, in the open store."""
        with self.opened_by_person() as (_, me):
            yield me

    @contextmanager
    def opened_by_person(self) -> Iterator[tuple["Store", "UserScope"]]:
        """The open store, and the scope of the person named."""
        tenant = _needed(self.tenant, "tenant", "home")
        user = _needed(self.user, "user", "me@home.test")
        with self.opened() as store:
            yield store, store.tenant(tenant).user(user)

    @contextmanager
    def acting(self) -> Iterator[tuple["Identity", str | None]]:
        """Who acts, and in which tenant: the person named, in theirs; without one the operator, in the tenant named."""
        if self.user and self.tenant:
            with self.person() as me:
                yield me.identity, None
            return
        with self.opened() as store:
            yield store.system().identity, self.tenant

    @contextmanager
    def operator(self) -> Iterator["Identity"]:
        """Whoever holds the store."""
        with self.opened() as store:
            yield store.system().identity

    def save(self, path: Path) -> None:
        """Write a profile that `--profile` reads. A key ring that is keys itself stays out of it."""
        saved = asdict(self)
        if self.keyring is not None and not self.keyring.startswith(("file:", "aws-kms:")):
            saved["keyring"] = None
        path.write_text(json.dumps(saved, indent=2) + "\n")


def read_key(path: Path) -> str:
    """The key in a file. Raises `InvalidInput` when it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"key-file: {str(path)!r} cannot be read ({error})", field="key-file") from error


def _needed(value: str | None, name: str, example: str) -> str:
    if not value:
        raise InvalidInput(
            f"{name}: which one? give --{name} {example} before the command, HOLDFAST_{name.upper()}, or --profile",
            field=name,
        )
    return value


def _read_profile(path: Path) -> dict[str, str | None]:
    try:
        found = json.loads(path.read_text())
        known = {name: found.get(name) for name in ("store", "key_file", "keyring", "tenant", "user")}
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidInput(f"profile: {str(path)!r} cannot be read as JSON ({error})", field="profile") from error
    return known
