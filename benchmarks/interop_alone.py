"""A profile in a process of its own, for its peak of memory: `python -m benchmarks.interop_alone FILE`."""

import json
import resource
import sys
import time
from pathlib import Path

from holdfast.domains.interop.profiles import ProfileKey, profile_messages


def main() -> None:
    """Prints what it took, as JSON."""
    begun = time.perf_counter()
    profile = profile_messages(Path(sys.argv[1]), ProfileKey(b"profiles of the benchmark, for nobody"))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"messages": profile.messages, "rate": profile.messages / seconds, "peak MiB": peak}))


if __name__ == "__main__":
    main()
