"""`holdfast knowledge`, as a person uses it."""

import os
from pathlib import Path

from support.commands import as_json, run

import holdfast

KEY = "0123456789abcdef" * 4
KEYS = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"]}
ME = ("--store", "sqlite:///me.db", "--tenant", "home", "--user", "me@home.test", "knowledge")


def test_documents_are_added_searched_moved_and_deleted(tmp_path: Path) -> None:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
        identity.set_clearance("me@home.test", ["C", "D"], tenant="home")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "loan.txt").write_text("A home loan for a joint account.")
    (docs / "card.txt").write_text("A card.")
    (docs / "bad.txt").write_bytes(bytes(range(256)))

    def said(*arguments: str, code: int = 0) -> str:
        return run(tmp_path, *ME, *arguments, code=code, **KEYS).stdout

    assert "knowledge bases --create NAME" in said("bases")
    assert "products" in said("bases", "--create", "products")
    told = said("add", "products", "docs/bad.txt", "docs/none.txt", "docs/card.txt", code=8)
    assert "holds bytes that are in no text" in told and "none.txt" in told
    assert len(as_json(tmp_path, *ME, "list", "products", **KEYS)["items"]) == 1, "the others are there"
    told = said("add", "products", "docs", code=8)
    assert "bad.txt" in told and "What now?" in told
    again = as_json(tmp_path, *ME, "add", "products", "docs/loan.txt", **KEYS)
    assert again["docs/loan.txt"]["added"] + again["docs/loan.txt"]["unchanged"] == 1
    listed = as_json(tmp_path, *ME, "list", "products", **KEYS)["items"]
    assert {Path(one["source"]).name for one in listed} == {"loan.txt", "card.txt"}
    assert "joint account" in said("search", "who has a joint account?", "--base", "products")
    loan = next(one["id"] for one in listed if one["source"] == "loan.txt")
    assert "joint account" in said("show", loan)
    assert "level C" in said("clearance", loan, "C")
    assert "1 searches" in said("reports")
    assert "is deleted" in said("delete", loan)
    said("show", loan, code=3)


def test_what_waits_for_vectors_gets_them_and_a_base_another_embedder(tmp_path: Path) -> None:
    with holdfast.create(f"sqlite:///{tmp_path}/me.db", KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
        identity.set_clearance("me@home.test", list("SABCD"), tenant="home")
        me = store.tenant("home").user("me@home.test")
        base = me.knowledge.create_base("products", embedder="hashing:64")
        me.knowledge.add(base.id, "A home loan for a joint account.", embed=False)
        me.memory.remember("style", "concise")
        me.conversations.append(me.conversations.create().id, role="user", content="A loan, please.")
    keys = KEYS | {"HOLDFAST_MESSAGE_EMBEDDER": "hashing:32", "HOLDFAST_MEMORY_EMBEDDER": "hashing:32"}

    def told(room: str, *arguments: str) -> str:
        return run(tmp_path, *ME[:-1], room, *arguments, **keys).stdout

    assert "1 passages were given vectors by hashing:64" in told("knowledge", "embed", "products")
    assert "0 passages" in told("knowledge", "embed", "products")
    assert "1 passages were given vectors by hashing:32" in told(
        "knowledge", "reindex", "products", "--embedder", "hashing:32"
    )
    assert "1 facts were given vectors by hashing:32" in told("memory", "embed")
    assert "1 messages were given vectors by hashing:32" in told("conversations", "embed")
    assert "meaning" in told("memory", "recall", "style")
