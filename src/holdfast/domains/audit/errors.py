"""What can go wrong with the trail."""

from holdfast.core.errors import Conflict, InvalidInput, Unavailable


class NothingToSign(Conflict):
    """The trail is empty."""

    code = "nothing_to_sign"

    def __init__(self) -> None:
        super().__init__("the trail has no line yet; a checkpoint is made after the first change")


class CheckpointNeedsKey(Conflict):
    """There is no key to sign with."""

    code = "checkpoint_needs_key"

    def __init__(self) -> None:
        super().__init__(
            "a checkpoint is signed, and this store has no key ring; give one with keys= or HOLDFAST_KEYRING"
        )


class TrailNotSound(Conflict):
    """The last seal was not made with this store's key: somebody changed the trail. Nothing is put on top of it."""

    code = "trail_not_sound"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"seal {number} of the trail was not made with this store's key; run `holdfast audit verify` "
            "and find out who writes to the database"
        )
        self.number = number


class TrailNotSettled(Unavailable):
    """A transaction that began before some lines has not ended, so that they cannot be sealed yet."""

    code = "trail_not_settled"

    def __init__(self) -> None:
        super().__init__(
            "the store gets its first key ring, and a transaction that is under way keeps older lines from being "
            "sealed; let what works on the database end, and repeat the call"
        )


class CheckpointNotValid(InvalidInput):
    """What was given as a checkpoint was not signed by this store, or not for this tenant."""

    code = "checkpoint_not_valid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"checkpoint: {reason}; give it as it was made", field="checkpoint")
