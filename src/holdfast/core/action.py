"""@action: what every public operation carries, so that none can forget it.

An operation is written in two parts. Its body checks what the caller gave, touching no database, and returns
the work; the work is a function of a transaction: do, then record. The decorator checks permission before the
body, runs the work in one transaction (retried on conflict), and writes the trail in that same transaction.

    @action("conversations.edit", writes=True, on="conversation")
    def rename(self, conversation: UUID | str, title: str) -> Work[Conversation]:
        wanted = check_title(title)
        def work(tx: Transaction) -> Conversation:
            ...
        return work

Callers see `rename(conversation, title) -> Conversation`.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID

from holdfast.core import trail
from holdfast.core.access import Access
from holdfast.core.crypto import running
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Call, NotAtOnce, Recorded, Transaction, Work
from holdfast.core.errors import HoldfastError, InvalidInput, NotFound, PermissionDenied
from holdfast.core.ids import as_id
from holdfast.core.once import once
from holdfast.core.policy import POLICY, Reach, allow
from holdfast.core.scope import NIL, OPERATOR, Scope
from holdfast.core.settings import Settings
from holdfast.core.tracing import Tracing

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A", bound="Actions")
S = TypeVar("S")


class Actions:
    """A room's operations, bound to a scope."""

    def __init__(self, engine: Engine, access: Access, settings: Settings) -> None:
        self.engine = engine
        self.access = access
        self.settings = settings

    @property
    def scope(self) -> Scope:
        """Who is asking."""
        return self.access.scope


def action(
    operation: str,
    *,
    writes: bool,
    on: str | None = None,
    as_operator: bool = False,
    changes_access: bool = False,
    recorded: bool = True,
) -> Callable[[Callable[Concatenate[A, P], Work[T]]], Callable[Concatenate[A, P], T]]:
    """Make a method that returns its work into an operation. Raises KeyError on import for an undeclared one.

    `on`: the argument that names what it is about, for the trail, where the work records nothing more precise; and for
    attempts that are refused. `as_operator`: the work touches tables that span tenants, and runs as the operator once
    the policy has let the caller. It must confine itself to `self.scope`. `changes_access`: somebody may have less
    access afterwards. `recorded=False`: it changes nothing that anybody can see (a search index), so leaves no line.
    """
    POLICY[operation]

    def decorate(method: Callable[Concatenate[A, P], Work[T]]) -> Callable[Concatenate[A, P], T]:
        place = _place(method, on)
        name = f"{operation.partition('.')[0]}.{method.__name__}"

        @wraps(method)
        def run(self: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
            tracing = self.engine.tracing
            if tracing is None:
                return carry(self, args, kwargs)
            return tracing.operation(name, operation, self.scope, lambda: carry(self, args, kwargs))

        def carry(self: A, args: Any, kwargs: Any) -> T:
            scope = self.access.checked()
            try:
                far = allow(scope, operation, writes=writes)
                work = method(self, *args, **kwargs)
                acting = OPERATOR if as_operator else scope
                if not writes:
                    return _read(self.engine, acting, scope, far, operation, work)
                if not recorded:
                    return _write_unrecorded(self.engine, acting, far, work)
                about = Recorded() if on is None else _about(on, place, args, kwargs)
                return _write(self.engine, acting, scope, far, operation, work, about)
            except (PermissionDenied, NotFound) as refused:
                if scope.role != "operator":
                    record_refused(self.engine, scope, operation, _about(on, place, args, kwargs), refused)
                raise
            finally:
                if changes_access:
                    self.engine.access.changed()

        run.operation = operation  # type: ignore[attr-defined]  # read by the policy's documentation
        return run

    return decorate


def composite(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Mark an operation that is made of several actions, each in a transaction of its own. It is a room's, or a part's
    of one that knows less of itself.
    """

    @wraps(method)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        room: Any = self
        engine = getattr(room, "engine", None)  # a client's room has none: there each request is traced by the server
        tracing: Tracing | None = engine.tracing if engine else None
        if tracing is None:
            return method(self, *args, **kwargs)
        name = f"{type(self).__name__.lower()}.{method.__name__}"
        return tracing.operation(name, None, room.scope, lambda: method(self, *args, **kwargs))

    return run


def carry_out(
    engine: Engine, scope: Scope, operation: str, work: Work[T], *, outcome: Literal["done", "read"] = "done"
) -> T:
    """What follows from an operation later, or by itself (a job, an answer from outside), with its line in the trail.

    No policy is asked: it was when the operation was called.
    """
    return _write(engine, scope, scope, "tenant", operation, work, Recorded(), outcome)


def _write(
    engine: Engine,
    acting: Scope,
    scope: Scope,
    far: Reach,
    operation: str,
    work: Work[T],
    about: Recorded,
    outcome: str = "done",
) -> T:
    """Run the work and write what it was about, in one transaction."""
    if isinstance(work, Call):
        try:
            done: T = _at_once(engine, acting, scope, far, operation, work)
            return done
        except NotAtOnce:
            assert work.otherwise is not None
            work = work.otherwise

    tenants: set[UUID] = set()

    def recording(tx: Transaction) -> T:
        result = work(tx)
        if tx.changed:
            lines = tx.recorded or [about]
            trail.write(tx, engine.trail, scope, operation, lines, outcome)
            tenants.update(scope.tenant_id or line.tenant_id or NIL for line in lines)
        return result

    result = running.write(engine, acting, far, once(scope, operation, recording))
    for tenant_id in tenants:
        engine.trail.written(tenant_id)
    return result


def _write_unrecorded(engine: Engine, acting: Scope, far: Reach, work: Work[T]) -> T:
    try:
        return running.write(engine, acting, far, work)
    except NotAtOnce:
        assert isinstance(work, Call) and work.otherwise is not None
        return running.write(engine, acting, far, work.otherwise)  # type: ignore[no-any-return]  # a Call[T] gives T


def _at_once(engine: Engine, acting: Scope, scope: Scope, far: Reach, operation: str, work: Call[T]) -> T:
    """The same of a procedure, which writes its line itself. Raises `NotAtOnce` where it has done nothing."""
    line = trail.event(engine.trail, scope, operation, work.about)
    call = Call(work.procedure, {**work.params, **line}, about=work.about, before=work.before)
    done: T = running.write(engine, acting, far, once(scope, operation, call))
    engine.trail.written(line["event_tenant_id"])
    return done


def _read(engine: Engine, acting: Scope, scope: Scope, far: Reach, operation: str, work: Work[T]) -> T:
    """Run the work; what it says was not the actor's own is recorded before anybody gets to see it."""
    seen: list[Recorded] = []
    first: list[Callable[[], object]] = []

    def noting(tx: Transaction) -> T:
        result = work(tx)
        seen[:], first[:] = tx.recorded, tx.beforehand
        return result

    result = running.read(engine, acting, far, noting)
    for call in first:
        call()
    if seen:
        engine.write(acting, far, lambda tx: trail.write(tx, engine.trail, scope, operation, seen, "read"))
        for tenant_id in {scope.tenant_id or line.tenant_id or NIL for line in seen}:
            engine.trail.written(tenant_id)
    return result


def record_refused(engine: Engine, scope: Scope, operation: str, about: Recorded, refused: HoldfastError) -> None:
    """An attempt that was refused leaves a line too, once, however many actions its error passes through."""
    if refused.in_trail:
        return
    refused.in_trail = True
    acting = OPERATOR if scope.is_operator else scope
    engine.write(
        acting,
        "own",
        lambda tx: trail.write(tx, engine.trail, scope, operation, [about], "denied", reason=refused.code),
    )
    engine.trail.written(scope.tenant_id or about.tenant_id or NIL)


def _place(method: Callable[..., Any], on: str | None) -> int:
    """Where among the positional arguments `on` is. Raises on import when there is no such argument."""
    return 0 if on is None else list(inspect.signature(method).parameters).index(on) - 1


def _about(on: str | None, place: int, args: tuple[object, ...], kwargs: dict[str, Any]) -> Recorded:
    """What an argument names, if it names anything: a stranger's text goes into no trail."""
    if on is None:
        return Recorded()
    given: Any = kwargs[on] if on in kwargs else args[place] if place < len(args) else None
    try:
        return Recorded(on.removesuffix("_id"), as_id(given, field=on))
    except InvalidInput:
        return Recorded(on.removesuffix("_id"))
