"""The examples in the documentation are programs that run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if "```python" in path.read_text()
]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_example_of_a_page_runs_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)
    close = getattr(names.get("store"), "close", None)
    if close is not None:
        close()


def test_the_readme_says_what_its_example_prints(tmp_path, monkeypatch, capsys):
    test_every_example_of_a_page_runs_in_order(ROOT / "README.md", tmp_path, monkeypatch)
    assert "Can I **borrow** for a house?" in capsys.readouterr().out
