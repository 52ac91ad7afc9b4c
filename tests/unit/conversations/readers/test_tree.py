"""From any tree to lines: nothing lost, nothing twice, and every branch shares what it says it shares."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.conversations.readers import ReadBranch, ReadMessage
from holdfast.domains.conversations.readers.fields import Reading
from holdfast.domains.conversations.readers.tree import Node, Tree


def message(name: str) -> ReadMessage:
    return ReadMessage(
        external_id=name, role="user", content=name, parts=None, created_at=None, metadata={}, place=name
    )


def node(name: str, parent: str | None, *, shown: bool = True) -> Node:
    return Node(id=name, parent=parent, message=message(name) if shown else None, at=f".{name}")


def names(messages: tuple[ReadMessage, ...]) -> list[str]:
    return [each.external_id for each in messages]


def whole_lines(main: tuple[ReadMessage, ...], branches: tuple[ReadBranch, ...]) -> dict[str | None, list[str]]:
    lines: dict[str | None, list[str]] = {None: names(main)}
    for branch in branches:
        assert branch.at <= len(lines[branch.parent])
        lines[branch.external_id] = lines[branch.parent][: branch.at] + names(branch.messages)
    return lines


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, Node], str | None]:
    size = draw(st.integers(1, 30))
    nodes = {}
    for number in range(size):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else None
        name = str(number)
        nodes[name] = node(name, None if parent is None else str(parent), shown=draw(st.integers(0, 4)) > 0)
    ordered = draw(st.permutations(list(nodes)))
    return {name: nodes[name] for name in ordered}, draw(st.none() | st.sampled_from(ordered))


@given(trees())
def test_every_message_appears_exactly_once_and_every_line_is_a_path_of_the_tree(
    tree: tuple[dict[str, Node], str | None],
) -> None:
    nodes, current = tree
    reading = Reading("", 100)
    main, branches = Tree(nodes, reading).lines(current)
    emitted = names(main) + [name for branch in branches for name in names(branch.messages)]
    assert sorted(emitted) == sorted(name for name in nodes if nodes[name].message is not None)
    assert not reading.problems
    for line in whole_lines(main, branches).values():
        assert line == path_to(nodes, line[-1] if line else None)


def path_to(nodes: dict[str, Node], name: str | None) -> list[str]:
    path: list[str] = []
    while name is not None:
        if nodes[name].message is not None:
            path.insert(0, name)
        name = nodes[name].parent
    return path


@given(st.lists(st.none() | st.integers(0, 15), max_size=16))
def test_any_links_whatever_end_and_lose_nothing(links: list[int | None]) -> None:
    nodes = {str(number): node(str(number), None if to is None else str(to)) for number, to in enumerate(links)}
    main, branches = Tree(nodes, Reading("", 100)).lines(None)
    emitted = names(main) + [name for branch in branches for name in names(branch.messages)]
    assert sorted(emitted) == sorted(nodes)
    whole_lines(main, branches)


def test_a_branch_of_a_branch_names_it_and_counts_the_whole_shared_line() -> None:
    links = [("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("e", "d"), ("f", "d")]
    nodes = {name: node(name, parent) for name, parent in links}
    main, branches = Tree(nodes, Reading("", 100)).lines("c")
    assert names(main) == ["a", "b", "c"]
    assert [(one.external_id, one.parent, one.at, names(one.messages)) for one in branches] == [
        ("f", None, 2, ["d", "f"]),
        ("e", "f", 3, ["e"]),
    ]


def test_a_node_that_shows_nothing_takes_no_part_in_the_counts() -> None:
    nodes = {
        "root": node("root", None, shown=False),
        "a": node("a", "root"),
        "hidden": node("hidden", "a", shown=False),
        "b": node("b", "hidden"),
        "c": node("c", "hidden"),
        "end": node("end", "c", shown=False),
    }
    main, [branch] = Tree(nodes, Reading("", 100)).lines("end")
    assert (names(main), branch.at, names(branch.messages)) == (["a", "c"], 1, ["b"])


def test_the_parents_list_of_children_orders_them() -> None:
    root = Node(id="r", parent=None, message=message("r"), at="", children=("y", "x"))
    nodes = {"r": root, "x": node("x", "r"), "y": node("y", None)}
    main, [branch] = Tree(nodes, Reading("", 100)).lines(None)
    assert (names(main), names(branch.messages)) == (["r", "x"], ["y"])
