"""What Holdfast costs, measured beside the raw driver: `uv run python -m benchmarks`."""

import sys
from pathlib import Path

# The PostgreSQL that the tests run on serves here too; the tests' folder is no installed package.
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
