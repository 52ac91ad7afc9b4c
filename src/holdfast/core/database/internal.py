"""Failures that are ours: the user gets an id, the log gets the cause, and neither gets content."""

from holdfast.core.errors import InternalError
from holdfast.core.ids import new_id
from holdfast.core.telemetry import log


def internal_error(engine: str, kind: str, detail: str) -> InternalError:
    """Log a driver's failure and return the error to raise. `detail` must hold no row's values."""
    error_id = str(new_id())
    log.error("internal_error", error_id=error_id, engine=engine, kind=kind, detail=detail)
    return InternalError(error_id)
