"""What can go wrong in configurations."""

from holdfast.core.errors import Conflict, HoldfastError, NotFound


class ConfigurationNotFound(NotFound):
    """There is nothing at this address that the caller may know of: absent, or private to others."""

    code = "configuration_not_found"

    def __init__(self, address: object) -> None:
        super().__init__(f"no configuration at {str(address)!r:.300}; configurations.find(…) names those there are")


class VersionNotFound(NotFound):
    """The configuration has no version of this number."""

    code = "version_not_found"

    def __init__(self, address: str, version: int, newest: int) -> None:
        super().__init__(f"{address!r:.300} has no version {version}; its versions go from 1 to {newest}")
        self.version = version
        self.newest = newest


class BranchNotFound(NotFound):
    """The configuration has no branch of this name."""

    code = "branch_not_found"

    def __init__(self, address: str, branch: str) -> None:
        super().__init__(f"{address!r:.300} has no branch {branch!r:.200}; configurations.branches(…) names them")
        self.branch = branch


class BranchExists(Conflict):
    """The configuration has a branch of this name."""

    code = "branch_exists"

    def __init__(self, address: str, branch: str) -> None:
        super().__init__(f"{address!r:.300} has a branch {branch!r:.200} already; put(…, branch=…) goes on with it")
        self.branch = branch


class ConfigurationChanged(Conflict):
    """It is not at the version that the change was made for."""

    code = "configuration_changed"
    status = 412

    def __init__(self, address: str, expected: int, found: int) -> None:
        super().__init__(
            f"{address!r:.300} is at version {found}, not {expected}; read it again and repeat what still applies"
        )
        self.expected = expected
        self.found = found


class AddressTaken(Conflict):
    """Somebody keeps a private configuration there."""

    code = "address_taken"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address!r:.300} is taken by a configuration that is not open to you; choose another address, or ask an "
            "administrator whose it is"
        )


class ConfigurationReadOnly(HoldfastError):
    """The caller may read the configuration, and not change it."""

    code = "configuration_read_only"
    status = 403

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address!r:.300} is changed by its owner, those it is shared with to edit, and administrators; "
            "propose(…) asks them"
        )
