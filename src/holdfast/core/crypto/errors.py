"""What can go wrong with keys. Every message names the key by its id, never by its value."""

from uuid import UUID

from holdfast.core.errors import Conflict, InvalidInput, StoreError, Unavailable

_WHERE = "keys=… or HOLDFAST_KEYRING"


class InvalidKeyRing(InvalidInput):
    """The key ring is not described in a way that can be read."""

    code = "invalid_key_ring"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"key ring: {reason}; give NAME:64-HEX-DIGITS[,…], file:/path/keys.json or aws-kms:REGION ({_WHERE})",
            field="keys",
        )


class UnsafeKeyFile(StoreError):
    """Others than its owner may read the key file, or it cannot be trusted to be whole."""

    code = "unsafe_key_file"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"key file {str(path)!r}: {reason}")


class KeyRingNeeded(StoreError):
    """The store holds secrets, and no key ring was given."""

    code = "key_ring_needed"

    def __init__(self, ring_key: str | None) -> None:
        held = (
            "secrets are kept under a key ring" if ring_key is None else f"its keys are held by ring key {ring_key!r}"
        )
        super().__init__(f"no key ring was given: {held}; give it with {_WHERE}")
        self.ring_key = ring_key


class RingKeyMissing(StoreError):
    """The key ring lacks the key that a data key was wrapped with."""

    code = "ring_key_missing"

    def __init__(self, ring_key: str, ring: str) -> None:
        super().__init__(
            f"ring key {ring_key!r} is missing from {ring}; put it back, and give the right ring with {_WHERE}"
        )
        self.ring_key = ring_key


class WrongRingKey(StoreError):
    """The key ring has a key of this name, and it is another key, or the data key was changed."""

    code = "wrong_ring_key"

    def __init__(self, ring_key: str, ring: str) -> None:
        super().__init__(
            f"ring key {ring_key!r} of {ring} is not the one that this store's keys were wrapped with; "
            f"give the right ring with {_WHERE}"
        )
        self.ring_key = ring_key


class KeyDestroyed(StoreError):
    """The key was destroyed on purpose: what it protected is gone."""

    code = "key_destroyed"
    status = 410

    def __init__(self, key_id: object) -> None:
        super().__init__(f"key {str(key_id)!r} was destroyed, and what it protected with it; store the secret anew")
        self.key_id = str(key_id)


class DestructionUnderWay(Unavailable):
    """The owner's keys are being destroyed, and the key ring has not forgotten its part yet: no new key is made."""

    code = "destruction_under_way"

    def __init__(self, owner: UUID) -> None:
        super().__init__(
            f"the keys of {str(owner)!r} are being destroyed, so no new one is made for it; repeat the call in a "
            "moment. If it stays so, the key ring did not answer: keys.destroy(…) with this id does the rest"
        )
        self.owner = owner


class RingTakesNoKey(Conflict):
    """This kind of key ring cannot make a key itself."""

    code = "ring_takes_no_key"


class KeyRingUnavailable(Unavailable):
    """The key-management service does not answer, or refuses."""

    code = "key_ring_unavailable"

    def __init__(self, ring: str, reason: str) -> None:
        super().__init__(f"{ring} does not answer ({reason}); nothing was written. Repeat the call")


class SecretUnreadable(StoreError):
    """A sealed value is not the one that was written to this place: moved, changed or damaged."""

    code = "secret_unreadable"

    def __init__(self, label: str, key_id: UUID | None = None) -> None:
        under = "" if key_id is None else f" under key {key_id}"
        super().__init__(
            f"the secret in {label}{under} does not belong to this row: it was moved, changed or damaged. "
            "Store it anew, and find out who writes to the database"
        )
        self.label = label
        self.key_id = key_id
