"""The root of every error Holdfast raises, and the families the faces map to answers.

A message says what happened, with the value, and what to do next. Each class has a stable `code`
(documented in docs/reference/errors.md) and the HTTP `status` its face answers with. Domain rooms
keep their own errors in `errors.py`, derived from one of the families here.
"""

from typing import ClassVar


class HoldfastError(Exception):
    """Base of everything raised on purpose. Catch it to catch all of Holdfast, and nothing else."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    in_trail = False
    """Whether the attempt has been recorded: an error passes through every action around the one that raised it."""


class InvalidInput(HoldfastError):
    """What the caller gave cannot be stored or asked. Nothing was written.

    `field` names the argument at fault.
    """

    code = "invalid_input"
    status = 422

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(HoldfastError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
    status = 404


class Conflict(HoldfastError):
    """The thing is not in a state that allows this."""

    code = "conflict"
    status = 409


class PermissionDenied(HoldfastError):
    """The actor's role does not allow the operation. Raised before any statement runs."""

    code = "permission_denied"
    status = 403

    def __init__(self, operation: str, role: str) -> None:
        super().__init__(
            f"the role {role!r} may not do {operation!r}; "
            "ask an owner or administrator of the tenant, or see docs/reference/policy.md"
        )
        self.operation = operation
        self.role = role


class NotGranted(PermissionDenied):
    """The role would allow the operation; the API key that was used was narrowed to less."""

    code = "not_granted"

    def __init__(self, operation: str, role: str, wanted: str) -> None:
        HoldfastError.__init__(self, f"this API key lacks the scope {wanted!r}; make one that has it")
        self.operation = operation
        self.role = role


class StoreError(HoldfastError):
    """The store itself cannot be opened or used as asked."""

    code = "store_error"
    status = 500


class Unavailable(HoldfastError):
    """The database does not answer now. Nothing of this call was acknowledged; it may be repeated."""

    code = "unavailable"
    status = 503


class InternalError(HoldfastError):
    """A failure that is ours, or the driver's. The log line with the same `error_id` has the cause."""

    code = "internal_error"
    status = 500

    def __init__(self, error_id: str) -> None:
        super().__init__(
            f"internal error {error_id}; search the log for that id and report it with the lines around it"
        )
        self.error_id = error_id


class TenantGuardError(HoldfastError):
    """A statement on a tenant's table lacks its tenant predicate, or runs outside a scope; it was not run."""

    code = "tenant_guard"
    status = 500
