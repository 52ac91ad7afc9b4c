"""Runs: workflows and their runs, statistics of them, and decisions."""

from holdfast.domains.runs import contexts  # noqa: F401  # it registers itself
from holdfast.domains.runs.actions import Runs
from holdfast.domains.runs.models import DayOfRuns, Decision, Run, RunStatistics, RunStatus, Tally, Workflow

__all__ = ["DayOfRuns", "Decision", "Run", "RunStatistics", "RunStatus", "Runs", "Tally", "Workflow"]
