"""A profile in a process of its own, for its peak of memory: `python -m benchmarks.interop_alone FILE`."""

import json
import sys
import time
from pathlib import Path

from holdfast.domains.interop.profiles import ProfileKey, profile_messages


def main() -> None:
    """Prints what it took, as JSON."""
    begun = time.perf_counter()
    profile = profile_messages(Path(sys.argv[1]), ProfileKey(b"profiles of the benchmark, for nobody"))
    seconds = time.perf_counter() - begun
    print(json.dumps({"messages": profile.messages, "rate": profile.messages / seconds, "peak MiB": _peak()}))


def _peak() -> float:
    """MiB. Not what `getrusage` gives: that counts the process which started this one, if it was larger."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
