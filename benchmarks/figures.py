"""Figures: what was measured, how it is summed up, and what was promised."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A promise on one number: `limit` and more, or less than it."""

    measure: str
    """`ours`, `ratio`, or a name in `more`."""
    limit: float
    at_least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value < self.limit

    def __str__(self) -> str:
        name = "" if self.measure == "ours" else f"{self.measure} "
        return f"{name}{'≥' if self.at_least else '<'} {self.limit:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured operation on one engine. `raw` is None where the plain driver has nothing like it."""

    table: str
    operation: str
    engine: str
    unit: str
    ours: float
    raw: float | None = None
    ratio: float | None = None
    more: dict[str, float] = field(default_factory=dict)
    promise: tuple[Bound, ...] = ()

    def missed(self) -> list[Bound]:
        """The bounds that do not hold."""
        values = {**self.more, "ours": self.ours, "ratio": self.ratio}
        return [bound for bound in self.promise if not bound.holds(values[bound.measure] or 0.0)]

    def as_json(self) -> dict[str, object]:
        return {
            **asdict(self),
            "promise": [str(bound) for bound in self.promise],
            "missed": [str(bound) for bound in self.missed()],
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; `values` sorted."""
    return values[min(len(values) - 1, int(len(values) * share))]


def latencies(seconds: Iterable[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {
        **{f"{name} ms": 1000 * percentile(ordered, share) for name, share in shares.items()},
        "max ms": 1000 * ordered[-1],
    }


def ratio_of_medians(ours: Sequence[float], raw: Sequence[float]) -> float:
    """Of rates, a figure for each round: side by side, so that noise hits both."""
    return median(ours) / median(raw)
