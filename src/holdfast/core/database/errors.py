"""What can be wrong with a store as a whole. Driver errors are turned into these at one boundary."""

from holdfast.core.errors import Conflict, InvalidInput, StoreError, Unavailable


class UnsupportedUrl(InvalidInput):
    """The URL names no kind of store that this version opens."""

    code = "unsupported_url"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"{url!r}: {reason}; give sqlite:///path/to/file.db or postgresql://user@host/database", field="url"
        )


class InvalidKey(InvalidInput):
    """The encryption key has the wrong form, or the engine takes none."""

    code = "invalid_key"

    def __init__(self, reason: str) -> None:
        super().__init__(f"key: {reason}", field="key")


class StoreMissing(StoreError):
    """There is nothing at the URL."""

    code = "store_missing"
    status = 404

    def __init__(self, url: str) -> None:
        super().__init__(f"there is no store at {url}; make one with holdfast.create(…) or `holdfast init {url}`")


class StoreExists(StoreError, Conflict):
    """`create` found something already there; it was left untouched."""

    code = "store_exists"
    status = 409

    def __init__(self, url: str) -> None:
        super().__init__(f"there is already something at {url}; open it with holdfast.open(…), or choose another place")


class StoreInUse(StoreError, Conflict):
    """Something else has the file open, and what was asked needs it alone."""

    code = "store_in_use"
    status = 409

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is open elsewhere; stop every program that uses it, then do this again")


class NotADatabase(StoreError):
    """The file is not a database of any kind."""

    code = "not_a_database"

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is not a database; nothing was changed. Check the path")


class NotAStore(StoreError):
    """It is a database, but Holdfast did not make it."""

    code = "not_a_store"

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is a database without a Holdfast schema; `holdfast init {url}` makes one beside it")


class WrongKey(StoreError):
    """The key does not open the file."""

    code = "wrong_key"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"the key does not open {url}: it is wrong, the file was encrypted by another program, or it is damaged"
        )


class KeyNeeded(StoreError):
    """The file is encrypted and no key was given."""

    code = "key_needed"

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is encrypted; give its key (key=…, or HOLDFAST_KEY for the command line)")


class NotEncrypted(StoreError):
    """A key was given for a file that is not encrypted."""

    code = "not_encrypted"

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is not encrypted, yet a key was given; open it without one if that is intended")


class SchemaTooOld(StoreError):
    """The store was made by an earlier version."""

    code = "schema_too_old"

    def __init__(self, url: str, found: str, needed: str) -> None:
        super().__init__(f"{url} has schema {found}, this version needs {needed}; run `holdfast migrate {url}`")
        self.found = found
        self.needed = needed


class SchemaTooNew(StoreError):
    """The store was made or migrated by a later version."""

    code = "schema_too_new"

    def __init__(self, url: str, found: str, newest: str) -> None:
        super().__init__(
            f"{url} has schema {found!r}, which this version does not know (its newest is {newest}); upgrade Holdfast"
        )
        self.found = found
        self.newest = newest


class SchemaChanged(StoreError):
    """Another process migrated the store while this one had it open."""

    code = "schema_changed"

    def __init__(self, url: str, found: str | None) -> None:
        super().__init__(
            f"{url} was brought to schema {found!r} while it was open; nothing was written. Close it and open it again"
        )
        self.found = found


class EngineTooOld(StoreError):
    """The database engine has a defect, or lacks a feature, that Holdfast depends on."""

    code = "engine_too_old"


class VectorsUnavailable(StoreError):
    """The extension that compares vectors does not load on this platform. Everything else of the store works."""

    code = "vectors_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "vectors cannot be compared here: the extension sqlite-vec does not load on this platform; "
            "install a wheel of it for the platform, or keep the store on PostgreSQL"
        )


class StoreClosed(StoreError):
    """The store was closed."""

    code = "store_closed"

    def __init__(self) -> None:
        super().__init__("the store is closed; open it again")


class StorageFull(Unavailable):
    """No room is left on the disk. Nothing of this call was written."""

    code = "storage_full"
    status = 507

    def __init__(self) -> None:
        super().__init__("the disk is full; nothing was written. Free some space and repeat the call")


class StorageFailed(Unavailable):
    """The disk does not take or give the data: a failing device, a quota, a file-size limit."""

    code = "storage_failed"
    status = 507

    def __init__(self) -> None:
        super().__init__("the disk failed or a limit of the system was reached; nothing of this call was acknowledged")


class Busy(Unavailable):
    """Others used what this call needs for too long: a connection, or a lock. Nothing of this call was written.

    `waited_for`: "connection", "write_lock" (of a SQLite file) or "lock" (PostgreSQL's, of rows or tables); `seconds`:
    for how long. For a connection also how many were `in_use`, and how many other calls were `waiting` for one.
    """

    code = "busy"

    def __init__(self, waited_for: str, seconds: float, *, in_use: int = 0, waiting: int = 0) -> None:
        super().__init__(_BUSY[waited_for].format(seconds=seconds, in_use=in_use, waiting=waiting))
        self.waited_for = waited_for
        self.seconds = seconds
        self.in_use = in_use
        self.waiting = waiting


_BUSY = {
    "connection": "no connection to the database came free in {seconds:g} s: {in_use} were in use, the most this store "
    "opens, and {waiting} other calls were waiting; repeat the call. If it happens often, raise the setting `pool` "
    "(HOLDFAST_POOL), or have fewer calls at a time",
    "write_lock": "another process held the write lock of the file for {seconds:g} s; repeat the call. If it happens "
    "often, end what holds it (a backup, a tool with an open transaction), or raise the setting `busy_seconds` "
    "(HOLDFAST_BUSY_SECONDS)",
    "lock": "another transaction held a lock that this call needs for {seconds:g} s; repeat the call. If it happens "
    "often, end what holds it (pg_stat_activity shows open transactions), or raise the setting `busy_seconds` "
    "(HOLDFAST_BUSY_SECONDS)",
}


class VectorsMissing(StoreError):
    """The PostgreSQL server has no pgvector, which a store's schema needs. Nothing was made."""

    code = "pgvector_missing"

    def __init__(self) -> None:
        super().__init__(
            "the server has no pgvector: install it there (apt install postgresql-NN-pgvector), then repeat; "
            "nothing was made"
        )
