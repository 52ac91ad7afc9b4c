"""Messages made from a configuration: by its statistics and its rules, with values that are nobody's.

for raw in synthesise(document, 1_000, seed=7): ...
"""

from .synthesising import MOST, synthesise

__all__ = ["MOST", "synthesise"]
