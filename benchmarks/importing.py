"""Importing an exported archive of 100,000 messages, in a process of its own: seconds and peak memory."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import holdfast
from benchmarks.figures import Bound, Figure
from benchmarks.places import Places, person
from benchmarks.sayings import sample

MESSAGES = 100_000
IN_EACH = 100
_BEGUN = 1_700_000_000


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """One import on one engine."""
    place, count = places.new(), 2_000 if quick else MESSAGES
    export = places.folder / "conversations.json"
    write_export(export, count)
    command = [sys.executable, "-m", "benchmarks.importing", place.url, place.key or "", str(export)]
    done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert done["messages"] == count, f"{done['messages']} of {count} messages were imported"
    yield Figure(
        table="import",
        operation=f"import {count:,} messages",
        engine=place.engine,
        unit="s",
        ours=done["seconds"],
        more={"peak MiB": done["peak"], "before MiB": done["before"], "export MiB": export.stat().st_size / 2**20},
        promise=(Bound(measure="ours", limit=60), Bound(measure="peak MiB", limit=500)),
    )


def write_export(path: Path, messages: int) -> None:
    """A ChatGPT export: conversations of a hundred messages each."""
    contents = sample()
    with path.open("w") as file:
        for number in range(messages // IN_EACH):
            file.write("[" if number == 0 else ",")
            json.dump(_conversation(number, contents), file)
        file.write("]")


def _conversation(number: int, contents: list[str]) -> dict[str, object]:
    names = [f"{number:08d}-{place}" for place in range(IN_EACH + 1)]
    begun = _BEGUN + number * 3600
    root = {"id": names[0], "message": None, "parent": None, "children": [names[1]]}
    said = [contents[(number * 7 + place) % len(contents)] for place in range(len(names))]
    nodes = [_node(names, place, begun, said[place]) for place in range(1, len(names))]
    return {
        "id": f"conversation-{number}",
        "title": f"Conversation {number}",
        "create_time": begun,
        "update_time": begun + IN_EACH,
        "current_node": names[-1],
        "mapping": dict(zip(names, [root, *nodes], strict=True)),
    }


def _node(names: list[str], place: int, begun: int, content: str) -> dict[str, object]:
    message = {
        "id": names[place],
        "author": {"role": "user" if place % 2 else "assistant"},
        "create_time": begun + place,
        "content": {"content_type": "text", "parts": [content]},
        "metadata": {"model_slug": "gpt-4o"},
    }
    children = names[place + 1 : place + 2]
    return {"id": names[place], "message": message, "parent": names[place - 1], "children": children}


def _import(url: str, key: str, export: str) -> None:
    """In the child: import, and print what it took."""
    with holdfast.open(url, key or None) as store:
        room = person(store).conversations
        before = _peak()
        begun = time.perf_counter()
        report = room.import_export(export, on_progress=None)
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "messages": report.messages, "peak": _peak(), "before": before}))


def _peak() -> float:
    """The most memory held so far, in MiB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024  # getrusage would start from the parent's peak


if __name__ == "__main__":
    _import(*sys.argv[1:])
