"""Profiles: how a sender really writes its messages, counted without keeping any of them.

key = ProfileKey(secret)
profile = profile_messages([Path("adt.hl7")], key)
profile.merge(other)                      # the same bytes as one pass over both
profile.to_bytes()                        # canonical; values sealed
document = shown(profile, k=11)           # what may be read: values of coded places of 11 patients or more
"""

from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler, profile_messages

__all__ = ["Profile", "ProfileKey", "Profiler", "profile_messages"]
