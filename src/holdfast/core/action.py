"""@action: what every public operation carries, so that none can forget it.

An operation is written in two parts. Its body checks what the caller gave, touching no database, and returns
the work; the work is a function of a transaction: do, then record. The decorator checks permission before the
body, runs the work in one transaction (retried on conflict), and logs what took long or failed.

    @action("conversations.edit", writes=True)
    def rename(self, conversation: UUID | str, title: str) -> Work[Conversation]:
        wanted = check_title(title)
        def work(tx: Transaction) -> Conversation:
            ...
        return work

Callers see `rename(conversation, title) -> Conversation`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Work
from holdfast.core.policy import POLICY, reach
from holdfast.core.scope import OPERATOR, Scope
from holdfast.core.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A", bound="Actions")


class Actions:
    """A room's operations, bound to a scope."""

    def __init__(self, engine: Engine, scope: Scope, settings: Settings) -> None:
        self.engine = engine
        self.scope = scope
        self.settings = settings


def action(
    operation: str, *, writes: bool, as_operator: bool = False
) -> Callable[[Callable[Concatenate[A, P], Work[T]]], Callable[Concatenate[A, P], T]]:
    """Make a method that returns its work into an operation. Raises KeyError on import for an undeclared one.

    `as_operator`: the work touches tables that span tenants, and runs as the operator once the policy has let the
    caller. It must confine itself to `self.scope`.
    """
    POLICY[operation]

    def decorate(method: Callable[Concatenate[A, P], Work[T]]) -> Callable[Concatenate[A, P], T]:
        @wraps(method)
        def run(self: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
            scope = self.scope
            far = reach(operation, scope.role)
            work = method(self, *args, **kwargs)
            acting = OPERATOR if as_operator else scope
            run_work = self.engine.write if writes else self.engine.read
            return run_work(acting, far, work)

        run.operation = operation  # type: ignore[attr-defined]  # read by the policy's documentation
        return run

    return decorate


def composite(method: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[A, P], T]:
    """Mark an operation that is made of several actions, each in a transaction of its own."""
    return method
