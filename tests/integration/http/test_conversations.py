"""The routes of conversations, as a program without our client sees them."""

import hashlib
import json
import threading
import zipfile

import pytest

ASKED = {"uuid": "m1", "sender": "human", "text": "Which tea?", "created_at": "2024-01-01T00:00:01Z"}
CLAUDE = json.dumps(
    [{"uuid": "c1", "name": "Tea", "created_at": "2024-01-01T00:00:00Z", "chat_messages": [ASKED]}]
).encode()


@pytest.fixture
def chat(amina):
    return amina.post("/conversations", json={"title": "Loan"}).json()["id"]


def test_a_conversation_is_made_written_read_found_and_told(amina, chat):
    path = f"/conversations/{chat}"
    said = amina.post(f"{path}/messages", json={"role": "user", "content": "Can I borrow heliotrope?"})
    assert said.status_code == 201 and said.json()["seq"] == 1
    assert said.headers["location"] == f"/v1/messages/{said.json()['id']}"
    answer = {"role": "assistant", "content": "Yes.", "metadata": {"tokens": 2}}
    answered = amina.post(f"{path}/messages", json=answer).json()
    assert [m["content"] for m in amina.get(f"{path}/messages?last=20").json()["items"]][1] == "Yes."
    assert amina.get(f"{path}/context?max_tokens=100").json()["messages"][0]["seq"] == 1
    assert amina.get("/search?q=heliotrope").json()["items"][0]["message"]["id"] == said.json()["id"]
    assert amina.get(f"{path}/verification").json()["ok"]
    assert amina.get(f"{path}/counts").json() == {"user": 1, "assistant": 1}
    assert amina.put(f"/messages/{answered['id']}/feedback", json={"rating": 1}).json()["rating"] == 1
    assert len(amina.get(f"{path}/feedback").json()["items"]) == 1
    summary = amina.post(f"{path}/summaries", json={"text": "About a loan."})
    assert summary.status_code == 201 and amina.get(f"{path}/summaries").json()["items"] == [summary.json()]
    fork = amina.post(f"{path}/forks", json={"at": 1}).json()
    assert fork["parent_id"] == chat and fork["message_count"] == 1
    assert amina.get("/visible").json()["count"] == 2
    for verb, status in (("archive", "ARCHIVED"), ("restore", "ACTIVE"), ("close", "CLOSED")):
        assert amina.post(f"{path}/{verb}").json()["status"] == status
    assert amina.delete(path).json()["status"] == "DELETED"
    assert amina.get(path).status_code == 404


def test_pages_go_on_by_cursor_to_the_end(amina):
    made = {amina.post("/conversations", json={}).json()["id"] for _ in range(5)}
    seen, cursor = [], None
    while True:
        page = amina.get("/conversations", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 5 and set(seen) == made


def test_messages_by_page_by_period_and_the_last_do_not_mix(amina, chat):
    for n in range(3):
        amina.post(f"/conversations/{chat}/messages", json={"role": "user", "content": str(n)})
    path = f"/conversations/{chat}/messages"
    page = amina.get(path, params={"limit": 2}).json()
    assert [m["content"] for m in page["items"]] == ["0", "1"]
    assert [m["content"] for m in amina.get(path, params={"cursor": page["next"]}).json()["items"]] == ["2"]
    assert len(amina.get(path, params={"since": "2020-01-01T00:00:00Z"}).json()["items"]) == 3
    mixed = amina.get(path, params={"last": 2, "since": "2020-01-01T00:00:00Z"})
    assert mixed.status_code == 422 and mixed.json()["field"] == "since"


def test_an_attachment_comes_back_as_data_and_nothing_else(amina, chat):
    data, name = b"\x89PNG\r\n\x1a\n<script>", 'quote".png\r\nSet-Cookie: x=1'
    path = f"/conversations/{chat}/attachments"
    sent = amina.post(path, params={"name": "a.png"}, content=data, headers={"Content-Type": "image/png"})
    assert sent.status_code == 201 and sent.json()["digest"] == hashlib.sha256(data).hexdigest()
    got = amina.get(f"{path}/{sent.json()['digest']}")
    assert got.content == data and got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == "attachment" and "sandbox" in got.headers["content-security-policy"]
    odd = amina.post(path, params={"name": name}, content=b"x", headers={"Content-Type": "text/plain"})
    assert "set-cookie" not in odd.headers
    assert amina.get(f"{path}/{'0' * 64}").json()["code"] == "attachment_not_found"


def test_an_export_is_uploaded_and_a_second_time_adds_nothing(amina, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("conversations.json", CLAUDE)
    data = (tmp_path / "export.zip").read_bytes()
    first = amina.post("/imports", content=data).json()
    assert (first["conversations"], first["messages"]) == (1, 1)
    assert amina.post("/imports", content=data).json()["unchanged"] == 1
    assert amina.post("/imports", content=b"nothing").json()["code"] == "export_format_unknown"
    damaged = amina.post("/imports", content=CLAUDE[:-1] + b', {"uuid": 5}]').json()
    assert [one["place"] for one in damaged["unreadable"]] == ["upload[1].chat_messages"]


def test_a_collection_of_mongodb_is_uploaded_one_client_into_its_workspace(amina, root):
    said = [{"role": "user", "content": "one"}]
    documents = [{"_id": {"$oid": f"{n:024x}"}, "client_id": f"c-{n}", "messages": said} for n in (1, 2)]
    here = root.identity.create_workspace("here", tenant="acme").id
    root.identity.assign(here, "amina@acme.test", "editor", tenant="acme")
    asked = {"workspace": str(here), "client": "c-1"}
    report = amina.post("/imports", params=asked, content=json.dumps(documents).encode()).json()
    assert (report["conversations"], report["others"]) == (1, 1)
    (chat,) = amina.get("/conversations", params={"workspace": str(here)}).json()["items"]
    assert chat["source"] == "mongodb"


def test_an_etag_saves_reading_and_guards_a_change(amina, chat):
    path = f"/conversations/{chat}"
    etag = amina.get(path).headers["etag"]
    unchanged = amina.get(path, headers={"If-None-Match": etag})
    assert unchanged.status_code == 304 and unchanged.headers["etag"] == etag and not unchanged.content
    edited = amina.patch(path, json={"title": "New"}, headers={"If-Match": etag})
    assert edited.status_code == 200 and edited.headers["etag"] != etag
    late = amina.patch(path, json={"title": "Newer"}, headers={"If-Match": etag})
    assert late.status_code == 412 and late.json()["code"] == "precondition_failed"
    assert amina.get(path).json()["title"] == "New"


def test_of_many_changes_that_depend_on_one_state_one_is_made(amina, chat):
    path = f"/conversations/{chat}"
    etag = amina.get(path).headers["etag"]
    found = in_threads(8, lambda n: amina.patch(path, json={"title": f"t{n}"}, headers={"If-Match": etag}).status_code)
    assert sorted(found) == [200] + [412] * 7


def test_a_request_with_a_key_takes_effect_once(amina, chat):
    path, headers = f"/conversations/{chat}/messages", {"Idempotency-Key": "k-1"}
    body = {"role": "user", "content": "Once."}
    found = in_threads(16, lambda _: amina.post(path, json=body, headers=headers))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in found) == 15
    assert amina.get(f"/conversations/{chat}").json()["message_count"] == 1
    other = amina.post(path, json={"role": "user", "content": "Other."}, headers=headers)
    assert other.status_code == 422 and other.json()["code"] == "idempotency_key_reused"


def test_a_key_is_its_senders_own_and_a_refused_request_does_not_use_it_up(as_person, amina):
    headers = {"Idempotency-Key": "same"}
    refused = amina.post("/conversations", json={"title": ""}, headers=headers)
    assert refused.status_code == 422
    made = amina.post("/conversations", json={"title": "A"}, headers=headers).json()["id"]
    others = as_person("ben").post("/conversations", json={"title": "A"}, headers=headers).json()["id"]
    assert made != others
    bad = amina.post("/conversations", json={}, headers={"Idempotency-Key": "with space"})
    assert bad.status_code == 422 and bad.json()["field"] == "Idempotency-Key"


def in_threads(count, call):
    found = []
    threads = [threading.Thread(target=lambda n=n: found.append(call(n))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
