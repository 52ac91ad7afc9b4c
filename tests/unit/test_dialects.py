"""Only core/database and the migrations' vocabulary know that there are two engines."""

import re
from pathlib import Path

import holdfast

SOURCE = Path(holdfast.__file__).parent
MAY_KNOW = ("core/database/", "migrations/dialects.py", "migrations/env.py")
KNOWS = re.compile(r"dialect\.name|\bif .*(sqlite|postgresql)|isinstance\([^)]*(Sqlite|Postgres)Engine")


def test_no_other_file_asks_which_engine_it_runs_on() -> None:
    asking = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if KNOWS.search(path.read_text()) and not str(path.relative_to(SOURCE)).startswith(MAY_KNOW)
    }
    assert asking == set()
