"""Profiles: how a sender really writes its messages, counted without keeping any of them.

key = ProfileKey(secret)
profile = profile_messages([Path("adt.hl7")], key)
profile.merge(other)                      # the same bytes as one pass over both
profile.to_bytes()                        # canonical; values sealed
shown(profile, k=11)                      # what may be read: values of coded places that 11 patients or more have
"""

from .clustered import check_cluster, profile_clustered
from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler, profile_messages
from .sharing import profile_shared
from .showing import shown
from .signatures import Recognised, Signature, recognise, signature

__all__ = [
    "Profile",
    "ProfileKey",
    "Profiler",
    "Recognised",
    "Signature",
    "check_cluster",
    "profile_clustered",
    "profile_messages",
    "profile_shared",
    "recognise",
    "shown",
    "signature",
]
