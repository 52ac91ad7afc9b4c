"""Forgetting: every version of a key and every trace of it, for good."""

from holdfast.core.database import Transaction
from holdfast.domains.memory import indexing, queries
from holdfast.domains.memory.errors import FactNotFound
from holdfast.domains.memory.models import Forgotten
from holdfast.domains.memory.places import About
from holdfast.domains.memory.remembering import record


def forget(tx: Transaction, about: About, key: str) -> Forgotten:
    """Remove a key. Raises `FactNotFound`, and what `About.check_forgetting` raises."""
    about.check_forgetting(tx)
    place = {"about_id": about.id, "key": key}
    tx.all(queries.wait_for_turn, {"turn": f"facts {about.id}"})
    versions = [fact_id for (fact_id,) in tx.all(queries.ids_of_key, place)]
    if not versions:
        raise FactNotFound(key)
    indexing.remove(tx, versions)
    sources = tx.run(queries.forget_statements, place)
    tx.run(queries.forget_versions, place)
    record(tx, about, max(versions), versions=len(versions), forgotten=True)
    return Forgotten(versions=len(versions), sources=sources)
