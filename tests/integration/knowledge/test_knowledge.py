"""Knowledge: bases, documents, search, citations, reports, the same on both engines and through both faces."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from integration.knowledge.conftest import give
from support.refusals import refused

LOANS = """# Loans

## Home loans

A home loan for a joint account needs both signatures.

## Car loans

A car loan runs for six years at most.
"""


def paragraphs(*texts):
    return "\n\n".join(texts)


def filler(topic, sentences=60):
    return " ".join(f"The {topic} has a rule number {n} about {topic} {n}." for n in range(sentences))


def test_a_base_is_made_found_by_name_changed_and_deleted(me, low):
    made = me.knowledge.create_base("products", clearance="C", window=1, metadata={"team": "retail"})
    assert me.knowledge.base("products") == me.knowledge.base(made.id) == made
    assert [base.id for base in low.knowledge.list_bases()] == [made.id]
    refused("base_exists", me.knowledge.create_base, "products")
    changed = me.knowledge.edit_base(made.id, name="offers", clearance="D")
    assert (changed.name, changed.clearance, changed.metadata) == ("offers", "D", {"team": "retail"})
    refused("base_not_found", me.knowledge.base, "products")
    refused("base_read_only", low.knowledge.edit_base, made.id, name="mine")
    me.knowledge.add(made.id, LOANS)
    refused("base_read_only", low.knowledge.delete_base, made.id)
    me.knowledge.delete_base(made.id)
    assert me.knowledge.list_bases() == []
    refused("base_not_found", me.knowledge.search, "loan", base=made.id)


def test_a_document_is_read_cut_found_and_shown(me, base):
    added = me.knowledge.add(base.id, LOANS, title="Loans", media_type="text/markdown", metadata={"year": 2026})
    assert (added.title, added.media_type, added.clearance, added.metadata) == (
        "Loans", "text/markdown", "D", {"year": 2026},
    )  # fmt: skip
    assert me.knowledge.document(added.id) == added
    assert me.knowledge.documents(base.id).items == (added,)
    found = me.knowledge.search("who signs a home loan for a joint account?", base="products")
    assert found.mode == "lexical"
    assert "both signatures" in found.hits[0].chunk.content
    assert found.hits[0].document == added
    assert {"joint", "home"} <= set(found.hits[0].why)
    pages = me.knowledge.chunks(added.id, limit=1)
    assert len(pages.items) == 1
    assert "home loan for a joint account" in me.knowledge.text(added.id).lower()


def test_the_same_content_again_is_the_same_document(me, base):
    first = me.knowledge.add(base.id, LOANS, media_type="text/markdown")
    before = len(me.audit.events().items)
    assert me.knowledge.add(base.id, LOANS, media_type="text/markdown", title="other") == first
    assert len(me.audit.events().items) == before
    other = me.knowledge.add(base.id, LOANS, media_type="text/markdown", clearance="B")
    assert other.id != first.id, "at another level it is another document"


def test_replacing_writes_only_the_chunks_that_changed(me, base):
    parts = [filler(topic) for topic in ("apple", "pear", "plum", "grape")]
    added = me.knowledge.add(base.id, paragraphs(*parts))
    before = {chunk.digest: chunk.id for chunk in me.knowledge.chunks(added.id, limit=200).items}
    parts[2] = filler("cherry")
    after = me.knowledge.replace(added.id, paragraphs(*parts))
    chunks = me.knowledge.chunks(added.id, limit=200).items
    kept = [chunk for chunk in chunks if before.get(chunk.digest) == chunk.id]
    assert 0 < len(kept) < len(chunks) == after.chunk_count
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert me.knowledge.search("plum", base=base.id).hits == ()
    assert me.knowledge.search("cherry", base=base.id).hits
    assert me.knowledge.search("grape", base=base.id).hits
    assert me.knowledge.replace(added.id, paragraphs(*parts)) == after


def test_a_document_of_any_number_of_chunks_is_stored_whole_and_in_order(me, base):
    """Rows go by 100, 30, 10, 3 and alone to a statement on PostgreSQL: 145 take each of these ways."""
    added = me.knowledge.add(base.id, paragraphs(*(f"Rule r{n}. {'loan ' * 240}" for n in range(145))))
    chunks = me.knowledge.chunks(added.id, limit=200).items
    assert [chunk.content.split(".")[0] for chunk in chunks] == [f"Rule r{n}" for n in range(145)]
    found = [me.knowledge.search(f"r{n}", base=base.id).hits for n in (0, 99, 129, 139, 142, 143, 144)]
    assert [[hit.chunk.position for hit in hits] for hits in found] == [[0], [99], [129], [139], [142], [143], [144]]


def test_a_window_finds_a_chunk_by_what_stands_beside_it(me):
    plain = me.knowledge.create_base("plain")
    wide = me.knowledge.create_base("wide", window=1)
    text = paragraphs(filler("apple"), "The zeppelin lands at noon. " + filler("pear"), filler("plum"))
    for base in (plain, wide):
        me.knowledge.add(base.id, text)
    alone = me.knowledge.search("zeppelin", base=plain.id, k=50).hits
    beside = me.knowledge.search("zeppelin", base=wide.id, k=50).hits
    assert len(beside) > len(alone) > 0


def test_search_is_filtered_by_document_kind_and_metadata(me, base):
    one = me.knowledge.add(base.id, "loan one", metadata={"year": 2025, "tags": ["a"]}, source="a.txt")
    two = me.knowledge.add(base.id, "<p>loan two</p>", metadata={"year": 2026}, media_type="text/html")

    def found(**filters):
        return {hit.document.id for hit in me.knowledge.search("loan", base=base.id, filters=filters).hits}

    assert found() == {one.id, two.id}
    assert found(year=2025) == found(document=str(one.id)) == found(source="a.txt") == found(tags=["a"]) == {one.id}
    assert found(media_type="text/html") == {two.id}
    assert found(year="2025") == found(year=2025.0) == found(document=str(uuid4())) == set()


def test_neighbours_and_similar_passages(me, base):
    text = paragraphs(filler("apple"), filler("pear"), filler("plum"))
    added = me.knowledge.add(base.id, text)
    other = me.knowledge.add(base.id, "A pear and a plum, and nothing else. " + filler("pear", 3))
    (hit,) = me.knowledge.search("pear", base=base.id, k=1, filters={"document": str(added.id)}, neighbours=1).hits
    assert [chunk.position for chunk in hit.neighbours] == [
        at for at in (hit.chunk.position - 1, hit.chunk.position + 1) if 0 <= at < added.chunk_count
    ]
    chunk = me.knowledge.chunks(other.id).items[0]
    similar = me.knowledge.similar(chunk.id, k=2)
    assert similar and all(hit.chunk.id != chunk.id for hit in similar)


def test_what_was_searched_is_logged_without_the_question_and_cited(me, low, base):
    me.knowledge.add(base.id, "the loan of the house")
    never = me.knowledge.add(base.id, "nobody asks for the zeppelin")
    chat = me.conversations.create().id
    made = me.knowledge.search("loan", base=base.id, conversation=chat)
    logged = me.knowledge.retrieval(made.id)
    assert (logged.k, logged.mode, logged.conversation_id, logged.base_id) == (8, "lexical", chat, base.id)
    assert [hit.chunk_id for hit in logged.hits] == [hit.chunk.id for hit in made.hits]
    refused("retrieval_not_found", low.knowledge.retrieval, made.id)
    answer, silent = (me.conversations.append(chat, role="assistant", content="Yes.").id for _ in range(2))
    me.knowledge.cite(made.id, message=answer, chunks=[made.hits[0].chunk.id])
    refused("not_in_retrieval", me.knowledge.cite, made.id, message=answer, chunks=[uuid4()])
    refused("retrieval_not_found", me.knowledge.cite, uuid4(), message=answer)
    refused("message_not_found", me.knowledge.cite, made.id, message=uuid4())
    other = low.conversations.append(low.conversations.create().id, role="assistant", content="No.").id
    refused("message_not_found", me.knowledge.cite, made.id, message=other)
    refused("message_not_found", low.knowledge.cite, made.id, message=answer)
    refused("retrieval_not_found", low.knowledge.cite, made.id, message=other)
    me.knowledge.cite(me.knowledge.search("house", base=base.id).id, message=silent)
    report = me.knowledge.report(base=base.id)
    assert report.retrievals == 2 and report.latency_p50 > 0
    assert [document.id for document in report.never_found] == [never.id]
    assert report.unsupported == (silent,)
    assert [(use.found, use.cited) for use in report.most_found] == [(2, 1)]
    assert me.knowledge.report(until=datetime(2020, 1, 1, tzinfo=UTC)).retrievals == 0
    assert [one.id for one in me.knowledge.retrievals(limit=1).items] != [made.id]


def test_the_log_outlives_what_was_found(me, base):
    added = me.knowledge.add(base.id, "the loan")
    made = me.knowledge.search("loan", base=base.id)
    me.knowledge.delete(added.id)
    assert [hit.document_id for hit in me.knowledge.retrieval(made.id).hits] == [added.id]
    refused("document_not_found", me.knowledge.document, added.id)
    refused("document_not_found", me.knowledge.text, added.id)
    assert me.knowledge.search("loan", base=base.id).hits == ()


def test_a_level_is_changed_and_counts_at_once(me, low, base):
    added = me.knowledge.add(base.id, "the loan", clearance="A")
    assert low.knowledge.search("loan").hits == ()
    moved = me.knowledge.set_clearance(added.id, "D")
    assert moved.clearance == "D"
    assert [hit.document.id for hit in low.knowledge.search("loan").hits] == [added.id]
    me.knowledge.set_clearance(added.id, "S")
    assert low.knowledge.search("loan").hits == ()
    again = me.knowledge.add(base.id, "the loan", clearance="D")
    refused("document_exists", me.knowledge.set_clearance, again.id, "S")


def test_only_levels_that_are_held_are_given(admin, low, me, base):
    own = low.knowledge.create_base("bens")
    refused("clearance_needed", low.knowledge.add, own.id, "text", clearance="C")
    added = low.knowledge.add(own.id, "text")
    refused("clearance_needed", low.knowledge.set_clearance, added.id, "S")
    refused("clearance_needed", low.knowledge.delete_base, own.id)
    hidden = me.knowledge.add(base.id, "secret", clearance="S")
    for call in (admin.knowledge.delete, admin.knowledge.text, admin.knowledge.chunks):
        refused("document_not_found", call, hidden.id)
    refused("document_not_found", admin.knowledge.set_clearance, hidden.id, "D")
    refused("document_not_found", admin.knowledge.replace, hidden.id, "other")


def test_titles_metadata_and_sources_change(me, base):
    added = me.knowledge.add(base.id, "the loan")
    changed = me.knowledge.edit(added.id, title="Loan", source="x")
    assert (changed.title, changed.source) == ("Loan", "x")
    assert me.knowledge.set_metadata(added.id, {"a": 1}).metadata == {"a": 1}
    refused("invalid_input", me.knowledge.edit, added.id, title=" ")


BAD = (
    ("document_empty", {"source": " \n "}),
    ("invalid_input", {"source": "a\0b"}),
    ("document_format_unknown", {"source": b"\x89PNG\r\n\x1a\n" + bytes(100)}),
    ("document_format_unknown", {"source": bytes(range(256)) * 4, "title": "notes.txt"}),
    ("invalid_input", {"source": "text", "clearance": "X"}),
    ("invalid_input", {"source": "text", "clearance": "CD"}),
    ("invalid_input", {"source": "text", "clearance": ""}),
    ("invalid_input", {"source": "text", "metadata": {"a": float("nan")}}),
    ("invalid_input", {"source": "text", "title": " "}),
    ("invalid_input", {"source": "a\ud800b"}),
)


@pytest.mark.parametrize(("code", "options"), BAD, ids=lambda value: str(value)[:40])
def test_bad_documents_are_refused_and_leave_nothing(me, base, code, options):
    given = dict(options)
    refused(code, me.knowledge.add, base.id, given.pop("source"), **given)
    assert me.knowledge.documents(base.id).items == ()


def test_what_is_no_document_is_refused_by_name(me, base):
    for given in (None, 5, ["a text"], {"text": "a"}):
        refused("invalid_input", me.knowledge.add, base.id, given)
    for given in (5, b"text/plain", "a\0b", "\ud800"):
        refused("invalid_input", me.knowledge.add, base.id, "a text", media_type=given)
    for given in ("a\0b", "\ud800", 5):
        refused("invalid_input", me.knowledge.base, given)
        refused("invalid_input", me.knowledge.search, "loan", base=given)
    assert me.knowledge.documents(base.id).items == ()


def test_a_filter_that_is_empty_is_one_that_nothing_meets(me, base):
    me.knowledge.add(base.id, "A loan for a house.", source="a.txt")
    assert len(me.knowledge.search("loan", filters={"source": "a.txt"}).hits) == 1
    for given in ({"source": ""}, {"media_type": ""}, {"source": "a.txt", "media_type": ""}):
        assert me.knowledge.search("loan", filters=given).hits == ()


def test_bad_questions_are_refused(me, base):
    for given in ("source", b"source", 5, ["source"]):
        refused("invalid_input", me.knowledge.search, "loan", filters=given)
    for k in (0, -1, 201, True, "8"):
        refused("invalid_input", me.knowledge.search, "loan", k=k)
    refused("query_too_long", me.knowledge.search, "loan " * 20_000)
    refused("invalid_input", me.knowledge.search, "loan", neighbours=11)
    refused("invalid_input", me.knowledge.search, "")
    refused("base_not_found", me.knowledge.search, "loan", base="nowhere")
    refused("chunk_not_found", me.knowledge.similar, uuid4())


def test_a_large_file_is_refused_before_it_is_read(me, base, tmp_path):
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    refused("document_too_large", me.knowledge.add, base.id, large)
    refused("document_file_missing", me.knowledge.add, base.id, tmp_path / "absent.txt")


def test_a_folder_is_added_and_going_on_adds_what_is_missing(me, base, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(5):
        (docs / f"{n}.txt").write_text(f"loan number {n}")
    (docs / "sub").mkdir()
    (docs / "sub" / "deep.md").write_text("# Deep\n\nloan")
    (docs / "bad.txt").write_bytes(bytes(range(256)) * 10)
    seen = []
    report = me.knowledge.add_folder(base.id, docs, on_progress=lambda name, files: seen.append((name, files)))
    assert (report.added, report.unchanged) == (6, 0)
    assert [one.name for one in report.failed] == ["bad.txt"]
    assert [files for _name, files in seen] == list(range(1, 8))
    (docs / "new.txt").write_text("a new loan")
    again = me.knowledge.add_folder(base.id, docs)
    assert (again.added, again.unchanged) == (1, 6)
    assert "sub/deep.md" in {document.source for document in me.knowledge.documents(base.id).items}


def test_another_tenant_sees_nothing(cleared, me, base):
    added = me.knowledge.add(base.id, "the loan")
    chunk = me.knowledge.chunks(added.id).items[0]
    made = me.knowledge.search("loan")
    gus = cleared.tenant("globex").user("gus@globex.test").knowledge
    assert gus.list_bases() == [] and gus.search("loan").hits == ()
    refused("base_not_found", gus.base, base.id)
    refused("document_not_found", gus.document, added.id)
    refused("chunk_not_found", gus.similar, chunk.id)
    refused("retrieval_not_found", gus.retrieval, made.id)
    assert gus.create_base("products").name == "products", "names are one tenant's"


def test_a_base_of_a_workspace_is_for_those_to_whom_it_is_open(cleared, me, low, admin):
    root = cleared.system().identity
    room = root.create_workspace("Client", tenant="acme")
    root.assign(room.id, "amina@acme.test", tenant="acme")
    inside = me.knowledge.create_base("inside", workspace=room.id)
    added = me.knowledge.add(inside.id, "the loan", clearance="D")
    assert low.knowledge.list_bases() == [] and low.knowledge.search("loan").hits == ()
    refused("base_not_found", low.knowledge.base, "inside")
    refused("document_not_found", low.knowledge.document, added.id)
    refused("workspace_not_found", low.knowledge.create_base, "mine", workspace=room.id)
    assert admin.knowledge.search("loan").hits
    root.archive_workspace(room.id, tenant="acme")
    refused("workspace_archived", me.knowledge.add, inside.id, "more")
    root.delete_workspace(room.id, tenant="acme")
    assert me.knowledge.list_bases() == [] and me.knowledge.search("loan").hits == ()


def test_nobody_reads_without_a_clearance_not_even_an_owner(cleared, me, base):
    me.knowledge.add(base.id, "the loan")
    oli = cleared.tenant("acme").user("oli@acme.test").knowledge
    assert oli.documents(base.id).items == () and oli.search("loan").hits == ()
    refused("clearance_needed", oli.add, base.id, "text")
    give(cleared, "oli@acme.test", "D")
    assert len(oli.search("loan").hits) == 1


def test_a_filter_takes_an_id_and_a_conversation_must_be_one_of_yours(me, low, base):
    added = me.knowledge.add(base.id, "A home loan for a joint account.")
    me.knowledge.add(base.id, "Another home loan.")
    hits = me.knowledge.search("home loan", filters={"document": added.id}).hits
    assert [hit.document.id for hit in hits] == [added.id]
    theirs = low.conversations.create()
    refused("conversation_not_found", me.knowledge.search, "home loan", conversation=theirs.id)
    mine = me.conversations.create()
    found = me.knowledge.search("home loan", conversation=mine.id)
    assert me.knowledge.retrieval(found.id).conversation_id == mine.id


def test_of_new_files_with_the_same_content_one_is_added(me, base, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text("The same." if name != "c.txt" else "Another.")
    report = me.knowledge.add_folder(base.id, folder)
    assert (report.added, report.unchanged, report.failed) == (2, 1, ())


def test_a_report_that_names_anothers_answers_leaves_a_line(store, me, ada, base):
    me.knowledge.add(base.id, "A home loan.")
    found = me.knowledge.search("loan")
    chat = me.conversations.create()
    answer = me.conversations.append(chat.id, role="assistant", content="Yes.")
    me.knowledge.cite(found.id, message=answer.id)
    assert me.knowledge.report().unsupported == (answer.id,)
    assert ada.knowledge.report().unsupported == (answer.id,)
    lines = [one for one in ada.audit.list(action="knowledge.report").items if one.outcome == "read"]
    assert [(one.target_id, one.actor_id) for one in lines] == [(me.scope.actor_id, ada.scope.actor_id)]
