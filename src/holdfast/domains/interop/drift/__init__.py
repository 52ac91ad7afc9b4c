"""Drift: how new messages differ from what was inferred before, found by exact tests.

found = drift(inferred(document), profile_messages(paths, key))
for one in found.findings:
    one.location, one.kind, one.before, one.after, one.p, one.effect

Every place is asked one question of each kind; the p-values of all are corrected together (Benjamini and Hochberg),
and what is significant but small is left out. Counts come from profiles, so no message is read for it again.
"""

from .comparing import drift
from .findings import EFFECT, RATE, Drift, Finding

__all__ = ["EFFECT", "RATE", "Drift", "Finding", "drift"]
