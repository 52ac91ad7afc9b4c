"""Logs: JSON lines through the standard logger named "holdfast", with ids and sizes, never content or personal data.

An application routes and filters them like any library's, and configures structlog as it likes: it is used here only
to make the lines. `configure_logs` is for programs of our own (the command line, the server).
"""

import logging
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

_logger = logging.getLogger("holdfast")


class Log:
    """Writes lines. structlog, and rich, which it brings along, are imported for the first one that is wanted."""

    @cached_property
    def _lines(self) -> "BoundLogger":
        import structlog

        made: BoundLogger = structlog.wrap_logger(
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
        return made

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # as the standard logger spells it
        """Whether lines of a level are wanted."""
        return _logger.isEnabledFor(level)

    def info(self, event: str, **about: Any) -> None:
        """A line that tells what went well."""
        if self.isEnabledFor(logging.INFO):
            self._lines.info(event, **about)

    def warning(self, event: str, **about: Any) -> None:
        """A line about what somebody should look at."""
        if self.isEnabledFor(logging.WARNING):
            self._lines.warning(event, **about)

    def error(self, event: str, **about: Any) -> None:
        """A line about what failed."""
        if self.isEnabledFor(logging.ERROR):
            self._lines.error(event, **about)


log = Log()


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def configure_logs(*, level: str = "warning") -> None:
    """Send log lines of at least `level` (debug, info, warning, error) to standard error as JSON."""
    _logger.handlers = [_StandardError()]
    _logger.setLevel(level.upper())
    _logger.propagate = False
