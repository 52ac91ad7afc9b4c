"""The index of texts by their words, which rooms share."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id
from holdfast.migrations import dialects
from holdfast.migrations import functions_0010 as functions
from holdfast.migrations.dialects import each, protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"sqlite": functions.LEXICAL_INDEX})
    for statement in functions.LEXICAL_WORDS:
        each({"sqlite": statement})
    dialects.only("postgresql", _lexical_index)
    _lexical_counts()
    rule = f"{dialects.OF_TENANT} AND {_AT_LEVEL} AND {_OWN}"
    protect("lexical_index", rule=rule, grants="SELECT, INSERT, UPDATE, DELETE")
    protect("lexical_counts", rule=rule, grants="SELECT, INSERT, UPDATE, DELETE")
    for function in functions.SEARCH_LEXICAL:
        each({"postgresql": function})


_LEVELS = "(SELECT current_setting('holdfast.levels', true))"
_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
_AT_LEVEL = f"(level = '' OR strpos({_LEVELS}, level) > 0)"
_OWN = f"(owner_id = {_NIL} OR owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _lexical_index() -> None:
    _scoped(
        "lexical_index",
        sa.Column("item_id", Id, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("about", Id, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", name="pk_lexical_index"),
    )
    each({"postgresql": "CREATE INDEX ix_lexical_index_words ON lexical_index USING gin ((words::tsvector))"})


def _lexical_counts() -> None:
    _scoped(
        "lexical_counts",
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("about", Id, nullable=False),
        sa.Column("word", Id, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "purpose", "about", "word", "level", "owner_id", name="pk_lexical_counts"),
        sqlite_with_rowid=False,
    )
