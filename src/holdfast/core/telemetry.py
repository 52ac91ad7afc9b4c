"""Logs: JSON lines on standard error, with ids and sizes, never content or personal data.

Holdfast logs through structlog under its own name and configures nothing on import; `configure_logs` is for
programs (the command line, the server). An application that configures structlog itself keeps its own way.
"""

import logging
import sys

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("holdfast")


def configure_logs(*, level: str = "warning") -> None:
    """Send log lines of at least `level` (debug, info, warning, error) to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
