"""One room per concept, all furnished alike: models, tables, queries, actions, errors.

Each is imported when it is first asked for, and all of them when something spans rooms (core/rooms.py).
"""

from pkgutil import iter_modules

from holdfast.core.rooms import announce

announce("holdfast.core.vectors.background", *(f"{__name__}.{room.name}" for room in iter_modules(__path__)))
announce(f"{__name__}.interop.actions")  # its package alone brings in nothing
