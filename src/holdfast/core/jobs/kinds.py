"""Which kinds of jobs there are: rooms, and applications, register the functions that do them.

@dataclass(frozen=True)
class Clean:
    days: int = 7

@job("shop.clean", arguments=Clean, submit="jobs.submit")
def clean(run: Run, given: Clean) -> dict[str, object]: ...

schedule("shop.clean", "0 3 * * *")
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.core.errors import InvalidInput
from holdfast.core.jobs.cron import Cron
from holdfast.core.jobs.errors import UnknownJobKind
from holdfast.core.policy import POLICY
from holdfast.core.rooms import Registry

if TYPE_CHECKING:
    from holdfast.core.jobs.running import Run

Body = Callable[["Run", Any], Any]
"""Does a job: given its run and its arguments, it returns the result, a small JSON value."""

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Nothing:
    """The arguments of a job that takes none."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of job."""

    name: str
    body: Body
    arguments: type
    """A frozen dataclass."""
    max_attempts: int
    submit: str | None
    """The operation of the policy that whoever submits one needs; None where only its room queues them."""

    def check(self, given: object) -> Any:
        """The arguments as an instance. Raises `InvalidInput` for what does not fit, or is not known."""
        made = _document(given)
        unknown = set(made) - {part.name for part in fields(self.arguments)}
        if unknown:
            raise InvalidInput(f"arguments: {self.name} has no {sorted(unknown)}", field="arguments")
        try:
            return msgspec.convert(made, self.arguments)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"arguments: of {self.name}: {error}", field="arguments") from None


def _document(given: object) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, dict):
        return given
    return asdict(given)  # type: ignore[call-overload, no-any-return]  # a dataclass, or a TypeError


def spelled(given: object) -> dict[str, Any]:
    """Arguments as they are kept."""
    made: dict[str, Any] = msgspec.to_builtins(given)
    return made


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the schedule."""

    name: str
    kind: str
    cron: Cron
    arguments: dict[str, Any]


_kinds = Registry[str, Kind]()
_lines = Registry[str, Line]()


def job(
    name: str, *, arguments: type = Nothing, max_attempts: int = MAX_ATTEMPTS, submit: str | None = None
) -> Callable[[Body], Body]:
    """Register a function as what does a kind of job (`room.verb`). The last registration of a name counts.

    Every program that runs workers must have registered the kinds it is to do: a worker leaves others alone.
    Raises KeyError for an unknown operation in `submit`.
    """
    if submit is not None:
        POLICY[submit]

    def register(body: Body) -> Body:
        kind = Kind(name=name, body=body, arguments=arguments, max_attempts=max_attempts, submit=submit)
        _kinds.tell(name, kind, by=body.__module__)
        return body

    return register


def schedule(kind: str, cron: str, *, name: str | None = None, arguments: object = None) -> None:
    """Have the store's own job of a `kind` queued whenever `cron` strikes (UTC), once however many workers there are.

    Of periods that were missed, because no worker ran, the latest alone is made up for; a schedule that is seen for the
    first time waits for its next one. Raises `InvalidInput`, `UnknownJobKind`.
    """
    known = named(kind)
    made = known.check(arguments)
    line = Line(name=name or kind, kind=kind, cron=Cron.parse(cron), arguments=spelled(made))
    _lines.tell(line.name, line, by=known.body.__module__)


def named(kind: object) -> Kind:
    """A kind by its name. Raises `UnknownJobKind`."""
    found = _kinds.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise UnknownJobKind(kind, submittable())
    return found


def registered() -> tuple[str, ...]:
    """The names of all kinds, in order."""
    return tuple(sorted(_kinds.all()))


def submittable() -> list[str]:
    """The names of those that can be submitted."""
    return [name for name, kind in sorted(_kinds.all().items()) if kind.submit is not None]


def lines() -> tuple[Line, ...]:
    """The schedule."""
    return tuple(_lines.all().values())


def forget(name: str) -> None:
    """Take a kind, and its lines of the schedule, away: for tests."""
    _kinds.forget(name)
    for line in [line for line in lines() if line.kind == name]:
        _lines.forget(line.name)
