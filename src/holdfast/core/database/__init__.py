"""Engines, transactions and queries: the only rooms that know a dialect."""

from holdfast.core.database.query import ACTOR, LEVELS, REACH, TENANT, Query
from holdfast.core.database.transaction import (
    Call,
    NotAtOnce,
    Params,
    Procedure,
    Recorded,
    Together,
    Transaction,
    Work,
)

__all__ = [
    "ACTOR",
    "LEVELS",
    "REACH",
    "TENANT",
    "Call",
    "NotAtOnce",
    "Params",
    "Procedure",
    "Query",
    "Recorded",
    "Together",
    "Transaction",
    "Work",
]
