"""The tables of vectors."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Time
from holdfast.core.database.vector_search import Code, Vector

_ACTIVE = text("state = 'active'")

vector_indexes = scoped_table(
    "vector_indexes",
    Column("id", Id, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("about", Id, nullable=False),
    Column("embedder", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("cells", LargeBinary),
    Column("cells_epoch", BigInteger),
    CheckConstraint("state IN ('building', 'active', 'retired')", name="state"),
    CheckConstraint("dimension BETWEEN 1 AND 16000", name="dimension"),
    Index("ix_vector_indexes_of", "tenant_id", "purpose", "about"),
    Index(
        "uq_vector_indexes_active",
        "tenant_id",
        "purpose",
        "about",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    sqlite_with_rowid=False,
)

vectors = scoped_table(
    "vectors",
    Column("item_id", Id, primary_key=True),
    Column("index_id", Id, primary_key=True),
    Column("level", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("code", Code),
    Column("embedding", Vector, nullable=False),
    Column("cell", Integer),
    ForeignKeyConstraint(
        ["tenant_id", "index_id"], ["vector_indexes.tenant_id", "vector_indexes.id"], ondelete="CASCADE"
    ),
    CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name="level"),
    Index("ix_vectors_codes", "tenant_id", "index_id", "level", "owner_id", "code", sqlite_where=text("code IS NULL")),
    Index(
        "ix_vectors_cells",
        "tenant_id",
        "index_id",
        "level",
        "cell",
        "owner_id",
        "code",
        postgresql_where=text("code IS NOT NULL"),
    ),
)
"""`level` is empty where none is needed, `owner_id` NIL where it is nobody's own: so every search can name what it may
see, and the indexes lead there. Codes and cells are SQLite's alone, and so is `ix_vectors_cells`, with the codes:
far smaller than the vectors, and a search looks through it alone. On each engine the other's index is empty.
"""

outside_vectors = scoped_table(
    "outside_vectors",
    Column("index_id", Id, primary_key=True),
    Column("item_id", Id, primary_key=True),
    Column("place", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("noted_at", Time, nullable=False),
    CheckConstraint("state IN ('sending', 'kept', 'removing', 'doubtful')", name="state"),
    Index("ix_outside_vectors_item", "tenant_id", "item_id"),
    outlives=True,
    sqlite_with_rowid=False,
)
"""The ids of vectors that an outside index keeps (outside.py). It outlives its tenant: what is left outside of one that
was deleted has to be known to be removed."""
