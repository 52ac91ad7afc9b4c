"""The schema, step by step: Alembic, for both engines, run by an explicit command and never by a constructor."""

from holdfast.migrations.runner import NEWEST, REVISIONS, upgrade

__all__ = ["NEWEST", "REVISIONS", "upgrade"]
