"""Running work that seals and opens secrets."""

from collections.abc import Callable
from typing import TypeVar

from holdfast.core.crypto.vault import KeysNeeded
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Work
from holdfast.core.policy import Reach
from holdfast.core.scope import Scope

T = TypeVar("T")

ROUNDS = 100
"""So often work is run again for keys it needs: it asks for all it can see at once, so a few are enough."""


def read(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    """`Engine.read`, run again when it needed data keys that were not at hand."""
    if engine.tracing is not None:
        return engine.tracing.transaction("read", lambda: _read(engine, scope, reach, work))
    return _read(engine, scope, reach, work)


def _read(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    try:
        return engine.read(scope, reach, work)
    except KeysNeeded as needed:
        return run_with_keys(engine, lambda: engine.read(scope, reach, work), needed)


def write(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    """`Engine.write`, run again when it needed data keys that were not at hand."""
    if engine.tracing is not None:
        return engine.tracing.transaction("write", lambda: _write(engine, scope, reach, work))
    return _write(engine, scope, reach, work)


def _write(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    try:
        return engine.write(scope, reach, work)
    except KeysNeeded as needed:
        return run_with_keys(engine, lambda: engine.write(scope, reach, work), needed)


def run_with_keys(engine: Engine, call: Callable[[], T], needed: KeysNeeded | None = None) -> T:
    """The result of `call`, run again when it needed data keys that were not at hand.

    They are unwrapped or made between two runs, outside any transaction. `needed`: what a first run asked for already.
    """
    for _ in range(ROUNDS):
        if needed is not None:
            engine.vault.provide(engine, needed)
        try:
            return call()
        except KeysNeeded as more:
            needed = more
    raise RuntimeError("work that asks for new data keys each time it runs")
