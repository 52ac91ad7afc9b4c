"""What can go wrong in configurations."""

from uuid import UUID

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput, NotFound


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


class RequestNotFound(NotFound):
    """There is no request of this id that the caller may know of."""

    code = "request_not_found"

    def __init__(self, request: UUID) -> None:
        super().__init__(f"no change request {request}; configurations.requests() lists those there are")


class RequestClosed(Conflict):
    """The request was published, rejected or withdrawn."""

    code = "request_closed"

    def __init__(self, request: UUID, status: str) -> None:
        super().__init__(f"change request {request} is {status}; propose(…) makes another")


class RequestChanged(Conflict):
    """The request is not as it was read."""

    code = "request_changed"

    def __init__(self, request: UUID, revision: int) -> None:
        super().__init__(f"change request {request} is at revision {revision} now; look at it again, then approve it")


class StaleBase(Conflict):
    """The configuration has moved on since the request was made."""

    code = "stale_base"

    def __init__(self, request: UUID, base: int, current: int) -> None:
        super().__init__(
            f"change request {request} was made from version {base}, and the configuration is at version {current}; "
            "its author makes it anew from that with revise(…), and it is approved again"
        )
        self.base = base
        self.current = current


class ApprovalsMissing(Conflict):
    """The request has fewer approvals of its present revision than it needs."""

    code = "approvals_missing"

    def __init__(self, request: UUID, has: int, needs: int) -> None:
        super().__init__(f"change request {request} has {has} of {needs} approvals; ask others than its author")
        self.has = has
        self.needs = needs


class OwnRequest(HoldfastError):
    """Nobody approves, or rejects, their own request."""

    code = "own_request"
    status = 403

    def __init__(self, request: UUID) -> None:
        super().__init__(f"change request {request} is your own; somebody else approves or rejects it")


class NotTheAuthor(HoldfastError):
    """A request is revised and withdrawn by its author alone."""

    code = "not_the_author"
    status = 403

    def __init__(self, request: UUID) -> None:
        super().__init__(
            f"change request {request} is revised and withdrawn by its author; comment on it, or reject it"
        )


class ReviewRequired(Conflict):
    """A rule says that what is at this address is changed by requests alone."""

    code = "review_required"

    def __init__(self, address: str, pattern: str, approvals: int) -> None:
        super().__init__(
            f"{address!r:.300} is changed by requests with {approvals} approvals, as the rule for {pattern!r:.200} "
            "says; use propose(…)"
        )


class SchemaViolated(InvalidInput):
    """The document does not satisfy a schema that is required at its address."""

    code = "schema_violated"

    def __init__(self, pattern: str, path: str, what: str) -> None:
        super().__init__(
            f"document: does not satisfy the schema for {pattern!r:.200}, at {path or 'its root'!r:.200}: {what:.200}",
            field="document",
        )
        self.path = path


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
