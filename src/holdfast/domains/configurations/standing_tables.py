"""The tables of how versions do: how often they are used, and what people and evaluations say of them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Real, Time


def _reference(column: str, target: str, key: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"])


configuration_uses = scoped_table(
    "configuration_uses",
    Column("configuration_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("uses", BigInteger, nullable=False),
    Column("last_used_at", Time, nullable=False),
    _reference("configuration_id", "configurations", "id"),
    _reference("user_id", "memberships", "user_id"),
    CheckConstraint("uses > 0", name="uses"),
    sqlite_with_rowid=False,
)
"""A row for each who uses a version, so that they do not wait for each other."""

configuration_feedback = scoped_table(
    "configuration_feedback",
    Column("id", Id, primary_key=True),
    Column("configuration_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("rating", Integer),
    Column("accuracy", Real),
    Column("samples", Integer),
    Column("comment", Text),
    Column("created_at", Time, nullable=False),
    _reference("configuration_id", "configurations", "id"),
    _reference("user_id", "memberships", "user_id"),
    CheckConstraint("rating IN (-1, 1)", name="rating"),
    CheckConstraint("accuracy BETWEEN 0 AND 1", name="accuracy"),
    Index("ix_configuration_feedback_of", "tenant_id", "configuration_id", "id"),
)
"""Append-only: of a person's ratings of a version the last counts, of their accuracies all."""
