"""Runs the migrations on an open engine, all of them in one transaction: they succeed or leave nothing."""

from pathlib import Path

from holdfast.core.database.engine import Engine

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0022",
    "0023",
    "0024",
    "0025",
    "0026",
    "0027",
    "0029",
    "0031",
    "0032",
    "0033",
    "0034",
    "0036",
    "0037",
    "0038",
    "0041",
)
"""Every revision this version knows, oldest first."""
NEWEST = REVISIONS[-1]


def upgrade(engine: Engine, *, scripts: Path = Path(__file__).parent) -> None:
    """Bring the store to the newest schema. A failure rolls everything back and is raised."""
    from alembic import (
        command,  # takes a third of a second to import, and only this needs it
    )
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    with engine.admin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
