"""Knowledge at a server: the names of the library, files sent as they are. See conftest.py."""

import pytest
from support.refusals import refused


@pytest.fixture
def me(store):
    for email in ("amina@acme.test", "ben@acme.test"):
        store.system().identity.set_clearance(email, ["B", "D"], tenant="acme")
    return store.tenant("acme").user("amina@acme.test")


def test_a_document_is_added_found_cited_and_deleted(store, me, tmp_path):
    k = me.knowledge
    base = k.create_base("products", window=1)
    assert k.list_bases() == [base] and k.base(base.id) == base
    added = k.add(base.id, "# Loans\n\nA home loan for a joint account.", media_type="text/markdown", metadata={"y": 1})
    assert k.add(base.id, "# Loans\n\nA home loan for a joint account.", media_type="text/markdown") == added
    file = tmp_path / "card.txt"
    file.write_text("A card for a joint account.")
    card = k.add(base.id, file, clearance="B", metadata={"y": 2})
    assert (card.title, card.clearance) == ("card.txt", "B")
    found = k.search("home loan for a joint account", base=base.id, filters={"y": 1}, neighbours=1)
    assert [hit.document.id for hit in found.hits] == [added.id]
    assert {hit.document.id for hit in k.search("joint account").hits} == {added.id, card.id}
    assert k.similar(found.hits[0].chunk.id)[0].document.id == card.id
    assert "home loan" in k.text(added.id) and k.chunks(added.id).items[0].document_id == added.id
    answer = me.conversations.append(me.conversations.create().id, role="assistant", content="Yes.").id
    k.cite(found.id, message=answer, chunks=[found.hits[0].chunk.id])
    assert k.report(base=base.id).most_found[0].document_id == added.id
    assert len(k.retrieval(found.id).hits) == 1
    assert k.set_clearance(card.id, "D").clearance == "D"
    refused("clearance_needed", k.set_clearance, card.id, "S")
    assert k.replace(card.id, "Another card.").chunk_count == 1
    assert k.set_metadata(card.id, {}).metadata == {}
    k.delete(card.id)
    assert k.documents(base.id).items == (k.document(added.id),)
    refused("document_not_found", k.document, card.id)
    refused("clearance_needed", k.delete_base, base.id)


def test_a_folder_goes_through_the_client(me, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(3):
        (docs / f"{n}.txt").write_text(f"loan {n}")
    base = me.knowledge.create_base("folder")
    assert me.knowledge.add_folder(base.id, docs).added == 3
    assert me.knowledge.add_folder(base.id, docs).unchanged == 3
