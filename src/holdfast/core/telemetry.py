"""Logs: JSON lines through the standard logger named "holdfast", with ids and sizes, never content or personal data.

An application routes and filters them like any library's, and configures structlog as it likes: it is used here only
to make the lines. `configure_logs` is for programs of our own (the command line, the server).
"""

import logging
import sys

import structlog

_logger = logging.getLogger("holdfast")

log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _logger,
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
)


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def configure_logs(*, level: str = "warning") -> None:
    """Send log lines of at least `level` (debug, info, warning, error) to standard error as JSON."""
    _logger.handlers = [_StandardError()]
    _logger.setLevel(level.upper())
    _logger.propagate = False
