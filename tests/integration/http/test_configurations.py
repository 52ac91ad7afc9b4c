"""Configurations over HTTP: what was read is what is changed, or nothing is."""

from integration.http.test_conversations import in_threads

PATH = "/configurations/document"
ADDRESS = {"address": "A%2FB/HL7v2/ADT^A01"}


def test_a_document_is_changed_as_it_was_read_or_not_at_all(amina):
    made = amina.put(PATH, json={**ADDRESS, "document": {"n": 0}, "reason": "first"})
    etag = amina.get(PATH, params=ADDRESS).headers["etag"]
    assert made.status_code == 200 and made.headers["etag"] == etag and made.json()["version"] == 1
    assert amina.get(PATH, params=ADDRESS, headers={"If-None-Match": etag}).status_code == 304

    def put(n):
        body = {**ADDRESS, "document": {"n": n + 1}, "reason": f"of {n}"}
        return amina.put(PATH, json=body, headers={"If-Match": etag}).status_code

    assert sorted(in_threads(8, put)) == [200] + [412] * 7
    assert [one["version"] for one in amina.get("/configurations/versions", params=ADDRESS).json()["items"]] == [2, 1]


def test_an_address_is_the_configurations_and_not_the_senders(amina):
    assert amina.get(PATH, params={"address": "nothing"}).json()["code"] == "configuration_not_found"
    assert amina.get(PATH).json()["code"] == "invalid_input"
