"""What metering says of the store's health: holds whose time is up, and counters in Redis that it was not told of."""

from datetime import datetime

from sqlalchemy import bindparam

from holdfast.core.database import Transaction
from holdfast.core.database.types import Time
from holdfast.core.health import Waiting, counted, register_health
from holdfast.domains.metering.tables import limit_counters, limit_holds

_h, _c = limit_holds.c, limit_counters.c
_expired = counted(limit_holds, _h.expires_at, _h.status == "open", _h.expires_at <= bindparam("moment", type_=Time))
"""By ix_limit_holds_open."""
_behind = counted(limit_counters, _c.behind_since, _c.behind_since.is_not(None))


def health(tx: Transaction, moment: datetime) -> list[Waiting]:
    """Expired holds come back when somebody needs them, or with the next sweep."""
    return [
        Waiting("expired holds", "waits", *tx.all(_expired, {"moment": moment})[0]),
        Waiting("limits behind in redis", "waits", *tx.all(_behind)[0]),
    ]


register_health("metering", health)
