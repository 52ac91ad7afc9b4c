"""The tables of the text index."""

from sqlalchemy import BigInteger, Column, Integer, Text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id

lexical_index = scoped_table(
    "lexical_index",
    Column("item_id", Id, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("about", Id, nullable=False),
    Column("level", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("length", Integer, nullable=False),
    Column("words", Text, nullable=False),
    index=True,
)
"""Every text of every room that is searched by its words: its marks and its words, in order. `level` is empty where the
room has no clearance, `owner_id` NIL where a text is nobody's in particular. PostgreSQL keeps a GIN index over the
words; SQLite an FTS5 table beside this one (`lexical_index_words`), kept by triggers, with `secure-delete` on: that
needs to know the words of what is deleted, which is why they are kept. Rows have a number there, which only the
triggers name."""

lexical_counts = scoped_table(
    "lexical_counts",
    Column("purpose", Text, primary_key=True),
    Column("about", Id, primary_key=True),
    Column("word", Id, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("owner_id", Id, primary_key=True),
    Column("items", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    index=True,
    sqlite_with_rowid=False,
)
"""In how many texts of a place each word is, by the word's digest (`counted.py`); that of the empty word stands for all
of them, with their length in words. Ranking needs it (neither engine tells), and it says which words are rare. A place
counts for itself, so that a rank tells nobody anything of texts that they may not read."""
