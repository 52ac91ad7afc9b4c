"""Campaigns: long forms of the promises about faults, run by hand and before a release, not by `pytest`.

    uv run python -m tests.campaigns.processes --rounds 3 --engine both
    uv run python -m tests.campaigns.kills --kills 100 --engine both
    uv run python -m tests.campaigns.power --rounds 3
    uv run python -m tests.campaigns.cache --seconds 60
    uv run python -m tests.campaigns.picks
    uv run python -m tests.campaigns.schedule

Each exits with 1 when a promise was broken, and prints the evidence. `--quick` takes less than 30 s; `tests/faults`
holds forms shorter still.
"""

import sys
import warnings
from pathlib import Path

TESTS = str(Path(__file__).resolve().parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)  # where `support` is, for `python -m`; pytest has it in `pythonpath`

warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # the PostgreSQL wheel's, in every process started
