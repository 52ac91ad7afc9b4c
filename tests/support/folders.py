"""Where tests keep what nobody needs when they have ended: in memory, if there is room for it."""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3


def quick_folder() -> Path | None:
    """A folder in memory; None where there is none, or less than 4 GiB are free in it."""
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return _MEMORY if usable and shutil.disk_usage(_MEMORY).free > _ROOM else None
