"""Running work that seals and opens secrets."""

from collections.abc import Callable
from typing import TypeVar

from holdfast.core.crypto.vault import KeysNeeded
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import OutsideNeeded, Work
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
    except (KeysNeeded, OutsideNeeded) as needed:
        return run_with_keys(engine, lambda: engine.read(scope, reach, work), needed)


def write(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    """`Engine.write`, run again when it needed data keys that were not at hand."""
    if engine.tracing is not None:
        return engine.tracing.transaction("write", lambda: _write(engine, scope, reach, work))
    return _write(engine, scope, reach, work)


def _write(engine: Engine, scope: Scope, reach: Reach, work: Work[T]) -> T:
    try:
        return engine.write(scope, reach, work)
    except (KeysNeeded, OutsideNeeded) as needed:
        return run_with_keys(engine, lambda: engine.write(scope, reach, work), needed)


def run_with_keys(engine: Engine, call: Callable[[], T], needed: KeysNeeded | OutsideNeeded | None = None) -> T:
    """The result of `call`, run again when it needed data keys that were not at hand.

    They are unwrapped or made between two runs, outside any transaction; so is whatever else a work needs done outside
    the database. `needed`: what a first run asked for already.
    """
    outside: list[OutsideNeeded] = []
    try:
        for _ in range(ROUNDS):
            if isinstance(needed, OutsideNeeded):
                needed.provide()
                outside.append(needed)
            elif needed is not None:
                engine.vault.provide(engine, needed)
            try:
                return call()
            except (KeysNeeded, OutsideNeeded) as more:
                needed = more
    except Exception as error:
        for one in outside:
            one.undo(error)
        raise
    raise RuntimeError("work that asks for something new each time it runs")
