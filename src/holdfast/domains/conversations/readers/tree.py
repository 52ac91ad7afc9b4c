"""From a tree of messages to lines: one main line, and a branch for every other leaf.

Sources keep a conversation as messages that each name their parent. An edited question or an answer asked for again
is a second child. Parents that are missing or run in a circle are reported and cut, so that every walk ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .fields import Reading
from .models import ReadBranch, ReadMessage

_Parents = dict[str, str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One place in the tree. `message` is None where nothing is shown: its children join its parent's line.

    `children` only orders the children, and gives a parent to a node that names none. `at` is for reports.
    """

    id: str
    parent: str | None
    message: ReadMessage | None
    at: str
    children: tuple[str, ...] = ()


class Tree:
    """The nodes with their links mended and those without a message taken out."""

    def __init__(self, nodes: dict[str, Node], reading: Reading) -> None:
        parents = _mended_parents(nodes, reading)
        self._nodes = nodes
        self._above: _Parents = {}
        self._below: dict[str | None, list[str]] = {None: []}
        for node, shown in _preorder(nodes, parents):
            self._above[node.id] = shown
            if node.message is not None:
                self._below[node.id] = []
                self._below[shown].append(node.id)

    def lines(self, current: str | None) -> tuple[tuple[ReadMessage, ...], tuple[ReadBranch, ...]]:
        """The main line, from the root to `current` (None: along the last children), and all branches."""
        main = self._path_to(current) or self._path_down(self._below[None][-1:])
        branches = []
        waiting = self._forks([None, *main], parent=None, shared=-1)
        for first, parent, at in waiting:
            path = self._path_down([first])
            waiting.extend(self._forks(path, parent=path[-1], shared=at))
            branches.append(ReadBranch(external_id=path[-1], parent=parent, at=at, messages=self._messages(path)))
        return self._messages(main), tuple(branches)

    def _forks(
        self, path: list[str] | list[str | None], *, parent: str | None, shared: int
    ) -> list[tuple[str, str | None, int]]:
        """Where other lines leave this one: the first node of each, this line's id, how many messages they share."""
        following = [*path[1:], None]
        return [
            (child, parent, shared + position)
            for position, (node, next_node) in enumerate(zip(path, following, strict=True), start=1)
            for child in self._below[node]
            if child != next_node
        ]

    def _path_to(self, current: str | None) -> list[str]:
        path = []
        while current is not None:
            if current in self._below:
                path.append(current)
            current = self._above[current]
        return path[::-1]

    def _path_down(self, start: list[str]) -> list[str]:
        path = list(start)
        while path and self._below[path[-1]]:
            path.append(self._below[path[-1]][-1])
        return path

    def _messages(self, path: list[str]) -> tuple[ReadMessage, ...]:
        found = (self._nodes[node].message for node in path)
        return tuple(message for message in found if message is not None)


def _preorder(nodes: dict[str, Node], parents: _Parents) -> Iterator[tuple[Node, str | None]]:
    """Every node with its nearest ancestor that has a message; parents before children, siblings in order."""
    children = _children(nodes, parents)
    waiting: list[tuple[str, str | None]] = [(root, None) for root in reversed(children.get(None, []))]
    while waiting:
        name, shown = waiting.pop()
        node = nodes[name]
        yield node, shown
        below = shown if node.message is None else name
        waiting.extend((child, below) for child in reversed(children.get(name, [])))


def _children(nodes: dict[str, Node], parents: _Parents) -> dict[str | None, list[str]]:
    """Children by parent: first in the order the parent gives, then in the order of the file."""
    order: dict[str | None, dict[str, None]] = {}
    for node in nodes.values():
        for child in node.children:
            if parents.get(child, "") == node.id:
                order.setdefault(node.id, {})[child] = None
    for name, parent in parents.items():
        order.setdefault(parent, {})[name] = None
    return {parent: list(below) for parent, below in order.items()}


def _mended_parents(nodes: dict[str, Node], reading: Reading) -> _Parents:
    """The parent of every node, with none that is missing and no circle."""
    claimed = {child: node.id for node in nodes.values() for child in node.children}
    parents: _Parents = {}
    for node in nodes.values():
        known = node.parent in nodes
        if node.parent is not None and not known:
            reading.report("the parent of this message is not in the conversation", node.parent, node.at)
        parents[node.id] = node.parent if known else claimed.get(node.id)
    _cut_circles(nodes, parents, reading)
    return parents


def _cut_circles(nodes: dict[str, Node], parents: _Parents, reading: Reading) -> None:
    settled: set[str] = set()
    for start in nodes:
        walked: set[str] = set()
        name: str | None = start
        while name is not None and name not in settled:
            if name in walked:
                reading.report(
                    "the parents run in a circle; it is cut before this message", parents[name], nodes[name].at
                )
                parents[name] = None
                break
            walked.add(name)
            name = parents[name]
        settled |= walked
