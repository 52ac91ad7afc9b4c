"""Configurations: versions that are never lost, read by whom they are open to, changed by whom they belong to."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.backdoor import Backdoor
from support.refusals import refused

from holdfast import HoldfastError
from holdfast.domains.configurations import address_of

A01 = "Epic/HL7v2/ADT^A01"


def profile(presence=0.98, **more):
    return {"segments": {"PID": {"fields": {"8": {"presence": presence}}}}, **more}


def test_every_change_is_a_version_with_author_and_reason(amina):
    c = amina.configurations
    first = c.put(A01, profile(), reason="first")
    second = c.put(A01, profile(0.71), reason="fewer")
    assert (first.version, second.version, first.id) == (1, 2, second.id)
    assert c.get(A01) == second and c.get(A01, 1) == first and c.read(A01) == second
    versions = c.history(A01).items
    assert [(one.version, one.reason, one.author_id) for one in versions] == [
        (2, "fewer", amina.scope.actor_id),
        (1, "first", amina.scope.actor_id),
    ]
    assert len(first.digest) == 64 and versions[1].digest == first.digest


def test_the_same_content_again_is_the_same_version(amina):
    c = amina.configurations
    first = c.put(A01, {"b": 1, "a": [1, 2]}, reason="first")
    again = c.put(A01, {"a": [1, 2], "b": 1}, reason="again")
    assert (again.version, again.reason, again.replayed) == (1, "first", True)
    assert not first.replayed and len(c.history(A01).items) == 1
    assert c.put(A01, {"a": [1, 2], "b": 1.0}, reason="1.0 is not 1").version == 2
    assert c.put(A01, {"a": [1, 2], "b": True}, reason="nor is true").version == 3


def test_a_difference_reads_field_by_field_and_its_patch_leads_from_one_to_the_other(amina):
    c = amina.configurations
    c.put(A01, profile(0.98, gone=1), reason="first")
    c.put(A01, profile(0.71, come=[1]), reason="second")
    found = c.diff(A01, 1, 2)
    assert [change.words for change in found.changes] == [
        "come added: 1 elements",
        "gone removed: 1",
        "PID.8 presence 0.98 → 0.71",
    ]
    assert found.patch[2] == {"op": "replace", "path": "/segments/PID/fields/8/presence", "value": 0.71}
    assert c.diff(A01, 1) == found and c.diff(A01, 2, 2).patch == ()
    assert c.diff(A01, 2, 1).changes[2].words == "PID.8 presence 0.71 → 0.98"
    refused("version_not_found", c.diff, A01, 1, 3)


def test_rolling_back_is_a_version_equal_to_the_old_one_and_history_stays_whole(amina):
    c = amina.configurations
    first = c.put(A01, profile(), reason="first")
    c.put(A01, profile(0.71), reason="second")
    third = c.rollback(A01, 1, reason="it was better")
    assert (third.version, third.document, third.digest) == (3, first.document, first.digest)
    assert [(one.version, one.origin, one.from_version) for one in c.history(A01).items] == [
        (3, "rollback", 1),
        (2, "put", None),
        (1, "put", None),
    ]
    assert c.rollback(A01, 3, reason="it is there").replayed
    refused("version_not_found", c.rollback, A01, 4, reason="none")


def test_a_change_is_made_over_the_version_that_was_read(amina):
    c = amina.configurations
    first = c.put(A01, profile(), reason="first", if_version=0)
    second = c.put(A01, profile(0.9), reason="second", if_version=1)
    for stale in ({"if_version": 1}, {"if_version": 0}, {"if_version": 3}):
        assert "is at version 2" in refused("configuration_changed", c.put, A01, profile(0.5), reason="late", **stale)
    third = c.put(A01, profile(0.8), reason="third", if_unchanged=second)
    with pytest.raises(Exception, match="changed since it was read|is at version 3"):
        c.put(A01, profile(0.5), reason="late", if_unchanged=first)
    assert c.get(A01) == third
    refused("configuration_changed", c.put, "new", {}, reason="x", if_version=1)


def test_addresses_are_found_by_wildcards_in_pages(amina):
    c = amina.configurations
    addresses = [
        A01,
        "Epic/HL7v2/ADT^A08",
        "Epic/FHIR/Patient",
        "Cerner/HL7v2/ADT^A01",
        "epic/HL7v2/ADT^A01",
        address_of("Meditech-Expanse", "HL7v2", "ORU^R01"),
        address_of("A/B", "HL7v2", "ADT^A01"),
        address_of("100%", "HL7v2", "*"),
        "support-agent",
        "support_agent",
    ]
    for number, address in enumerate(addresses):
        c.put(address, {"n": number}, reason="made")

    def found(pattern):
        return {one.address for one in c.find(pattern).items}

    assert found("Epic/*/*") == {A01, "Epic/HL7v2/ADT^A08", "Epic/FHIR/Patient"}
    assert found("*/HL7v2/ADT^A01") == {A01, "Cerner/HL7v2/ADT^A01", "epic/HL7v2/ADT^A01", "A%2FB/HL7v2/ADT^A01"}
    assert found("Epic/HL7v2/ADT^*") == {A01, "Epic/HL7v2/ADT^A08"}
    assert found("A%2FB/*/*") == {"A%2FB/HL7v2/ADT^A01"} and found("*-*/*/*") == {"Meditech-Expanse/HL7v2/ORU^R01"}
    assert found("100%25/*/%2A") == {"100%25/HL7v2/%2A"} and found("E*c/*7v2/*A0*") == {A01, "Epic/HL7v2/ADT^A08"}
    assert found("support-*") == {"support-agent"} and found("*") == {"support-agent", "support_agent"}
    assert found("?upport-agent") == found("support[_-]agent") == found("[a-z]*/*/*") == set()
    assert c.get("A%2FB/HL7v2/ADT^A01").document == {"n": 6}
    listed, cursor = [], None
    while True:
        page = c.list(limit=3, cursor=cursor)
        listed += [one.address for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(listed) == len(addresses) and set(listed) == set(addresses)
    refused("invalid_cursor", c.find, "Epic/*/*", cursor=c.list(limit=1).next)


NO_ADDRESSES = ("", "a/b", "a/b/c/d", "a//c", "Epic/*/*", " a/b/c", "50%/b/c", "a%2/b/c", "a%ff/b/c", "x" * 201, "a\nb")


def test_what_is_no_address_is_refused(amina):
    for address in NO_ADDRESSES:
        for call in (amina.configurations.get, amina.configurations.history):
            refused("invalid_input", call, address)
        refused("invalid_input", amina.configurations.put, address, {}, reason="x")


def test_documents_are_limited_in_size_and_depth_and_kind(amina):
    c = amina.configurations
    for document in ([], "a prompt", 5, False, {}):
        c.put("any", document, reason="JSON")
        assert c.get("any").document == document
    deep = {}
    for _ in range(40):
        deep = {"in": deep}
    for wrong in (None, {"text": "x" * 1_100_000}, deep, {"n": 2**70}, {"text": "a\0b"}):
        refused("invalid_input", c.put, "any", wrong, reason="x")
    for reason in ("", " ", "x" * 1_001, "a\0"):
        refused("invalid_input", c.put, "any", {}, reason=reason)
    assert c.get("any").version == 5


def test_members_read_what_is_open_to_the_tenant_and_only_its_owner_and_administrators_change_it(amina, ben, ada, gus):
    made = amina.configurations.put(A01, profile(), reason="first")
    assert ben.configurations.get(A01) == made and ben.configurations.list().items[0].id == made.id
    for call in (
        lambda: ben.configurations.put(A01, {}, reason="mine"),
        lambda: ben.configurations.rollback(A01, 1, reason="mine"),
        lambda: ben.configurations.set_visibility(A01, "private"),
    ):
        refused("configuration_read_only", call)
    assert ada.configurations.put(A01, profile(0.5), reason="administered").version == 2
    assert ada.configurations.get(A01).owner_id == amina.scope.actor_id
    refused("configuration_not_found", gus.configurations.get, A01)
    assert gus.configurations.put(A01, {"other": 1}, reason="another tenant's").version == 1
    assert amina.configurations.get(A01).version == 2


def test_a_private_one_is_there_for_nobody_else(store, amina, ben, ada):
    made = amina.configurations.put(A01, profile(), reason="first", visibility="private")
    assert amina.configurations.get(A01) == made and ada.configurations.get(A01) == made
    for call in (ben.configurations.get, ben.configurations.read, ben.configurations.history):
        refused("configuration_not_found", call, A01)
    refused("configuration_not_found", ben.configurations.get, A01, 1)
    assert ben.configurations.list().items == ben.configurations.find("*/*/*").items == ()
    refused("address_taken", ben.configurations.put, A01, {}, reason="mine")
    assert amina.configurations.set_visibility(A01, "tenant").visibility == "tenant"
    assert ben.configurations.get(A01).version == 1
    assert amina.configurations.set_visibility(A01, "private").visibility == "private"
    refused("configuration_not_found", ben.configurations.get, A01)
    refused("invalid_input", amina.configurations.set_visibility, A01, "public")
    refused("invalid_input", amina.configurations.put, A01, {}, reason="x", visibility="tenant")


def test_reading_anothers_private_one_leaves_a_line_in_the_trail(store, amina, ada):
    made = amina.configurations.put(A01, profile(), reason="secret words", visibility="private")
    ada.configurations.get(A01)
    ada.configurations.get(A01)
    trail = store.tenant("acme").user("oli@acme.test").audit.list(limit=50).items
    lines = [(one.operation, one.outcome, one.actor_id) for one in trail if one.target_id == made.id]
    assert lines.count(("configurations.read", "read", ada.scope.actor_id)) == 2
    assert ("configurations.edit", "done", amina.scope.actor_id) in lines
    assert "Epic" not in str(trail) and "secret words" not in str(trail)


def test_the_document_that_is_given_cannot_be_changed_for_others(amina):
    amina.configurations.put(A01, profile(list=[1]), reason="first")
    document = amina.configurations.get(A01).document
    mine = copy.deepcopy(document)
    mine["list"].append(2)
    mine["segments"]["PID"] = {}
    assert amina.configurations.get(A01).document == profile(list=[1])
    assert amina.configurations.put(A01, mine, reason="mine").version == 2


def test_versions_are_refused_any_change_by_the_database_itself(store, amina):
    amina.configurations.put(A01, profile(), reason="first")
    engine = store._target._store.engine if hasattr(store, "_target") else store.engine
    door = Backdoor(engine)
    for statement in (
        "UPDATE configuration_versions SET reason = 'x'",
        "DELETE FROM configuration_versions",
    ):
        with pytest.raises(Exception, match="append-only"):
            door.run(statement)


def test_the_trail_says_who_changed_what_and_nothing_of_the_content(store, amina):
    amina.configurations.put(A01, {"prompt": "heliotrope"}, reason="heliotrope reason")
    lines = store.tenant("acme").user("oli@acme.test").audit.list().items
    line = next(one for one in lines if one.operation == "configurations.edit")
    assert line.target_kind == "configuration" and "heliotrope" not in str(lines)
    assert line.details == {"address": A01, "version": 1, "origin": "put"}


def test_a_share_lets_somebody_read_or_change_it_and_unsharing_takes_that_away(amina, ben, ada, gus):
    c, me = amina.configurations, amina.scope.actor_id
    c.put(A01, profile(), reason="first", visibility="private")
    assert c.share(A01, ben.scope.actor_id, "view").level == "view"
    assert ben.configurations.get(A01).version == 1 and ben.configurations.list().items[0].address == A01
    refused("configuration_read_only", ben.configurations.put, A01, {}, reason="mine")
    c.share(A01, ben.scope.actor_id, "edit")
    assert [one.level for one in c.shares(A01)] == ["edit"]
    assert ben.configurations.put(A01, profile(0.5), reason="agreed").version == 2
    for call in (
        lambda: ben.configurations.share(A01, ada.scope.actor_id, "edit"),
        lambda: ben.configurations.set_visibility(A01, "tenant"),
        lambda: ben.configurations.shares(A01),
    ):
        refused("configuration_read_only", call)
    c.unshare(A01, ben.scope.actor_id)
    c.unshare(A01, ben.scope.actor_id)
    refused("configuration_not_found", ben.configurations.get, A01)
    refused("user_not_found", c.share, A01, gus.scope.actor_id, "view")
    refused("invalid_input", c.share, A01, me, "own")
    refused("configuration_not_found", gus.configurations.share, A01, gus.scope.actor_id, "edit")


def test_of_changes_made_at_once_over_one_version_one_is_made(sync_store):
    people = [sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ada", "oli")]
    people[0].configurations.put(A01, {"n": 0}, reason="first")
    start = Barrier(12)

    def put(n):
        start.wait()
        try:
            return people[n % 3].configurations.put(A01, {"n": n + 1}, reason=f"of {n}", if_version=1).version
        except HoldfastError as error:
            return error.code

    with ThreadPoolExecutor(12) as pool:
        outcomes = sorted(map(str, pool.map(put, range(12))))
    assert outcomes == ["2", *["configuration_changed"] * 11]
    with ThreadPoolExecutor(12) as pool:
        start.reset()
        first = [
            pool.submit(lambda n=n: (start.wait(), people[n % 3].configurations.put("new", {"n": n}, reason="x")))
            for n in range(12)
        ]
        done = [one.result() if one.exception() is None else one.exception().code for one in first]
    mine = [one for one in done if one != "configuration_read_only"]
    versions = [one.version for one in people[0].configurations.history("new").items]
    assert len(mine) == len(versions) and versions == list(range(len(versions), 0, -1))


def begun(c):
    """A branch that has changed one field, beside a main one that has changed another."""
    c.put(A01, {"a": 1, "b": {"c": 1, "d": [1, 2]}, "gone": 1}, reason="first")
    c.branch(A01, "trial")
    c.put(A01, {"a": 1, "b": {"c": 2, "d": [1, 3]}, "new": True}, reason="tried", branch="trial")
    c.put(A01, {"a": 2, "b": {"c": 1, "d": [1, 2]}, "gone": 1}, reason="meanwhile")


def test_a_branch_has_versions_of_its_own_and_merges_field_by_field(amina, ben):
    c = amina.configurations
    begun(c)
    (branch,) = c.branches(A01)
    assert (branch.name, branch.version, branch.base_version) == ("trial", 2, 1)
    assert c.get(A01).version == 2 and c.get(A01, branch="trial").document["b"]["c"] == 2
    assert [one.origin for one in c.history(A01, branch="trial").items] == ["put", "branch"]
    assert "b.c 1 → 2" in [change.words for change in c.diff(A01, 1, branch="trial").changes]
    assert c.conflicts(A01, "trial") == []
    merged = c.merge(A01, "trial", reason="it worked")
    assert merged.conflicts == () and merged.configuration.version == 3
    assert c.get(A01).document == {"a": 2, "b": {"c": 2, "d": [1, 3]}, "new": True}
    assert [one.origin for one in c.history(A01).items] == ["merge", "put", "put"]
    c.put(A01, {"a": 1, "b": {"c": 5, "d": [1, 3]}, "new": True}, reason="further", branch="trial")
    again = c.merge(A01, "trial", reason="further")
    assert again.configuration.document == {"a": 2, "b": {"c": 5, "d": [1, 3]}, "new": True}
    assert c.merge(A01, "trial", reason="nothing new").configuration.replayed
    refused("branch_exists", c.branch, A01, "trial")
    refused("branch_not_found", c.merge, A01, "other", reason="x")
    refused("branch_not_found", c.get, A01, branch="other")
    refused("invalid_input", c.branch, A01, "main")
    refused("configuration_read_only", ben.configurations.merge, A01, "trial", reason="mine")


def test_what_both_sides_changed_is_a_conflict_and_nothing_is_merged_before_it_is_resolved(amina):
    c = amina.configurations
    begun(c)
    c.put(A01, {"a": 3, "b": {"c": 9, "d": [1, 2]}, "gone": 2}, reason="other values")
    found = c.conflicts(A01, "trial")
    assert [one.path for one in found] == ["/b/c", "/gone"]
    assert found[0].words == "b.c was 1; 9 in main, 2 in the branch"
    assert found[1].words == "gone was 1; 2 in main, nothing in the branch"
    merged = c.merge(A01, "trial", reason="half")
    assert merged.configuration is None and list(merged.conflicts) == found and c.get(A01).version == 3
    assert len(c.merge(A01, "trial", reason="half", resolutions={"/b/c": "main"}).conflicts) == 1
    for wrong in ({"/b/c": "theirs"}, {"/b/c": {"values": 1}}, {"/b/c": "main", "/gone": "main", "/a": "main"}):
        refused("invalid_input", c.merge, A01, "trial", reason="x", resolutions=wrong)
    chosen = {"/b/c": {"value": 4}, "/gone": "branch"}
    done = c.merge(A01, "trial", reason="settled", resolutions=chosen).configuration
    assert (done.version, done.document) == (4, {"a": 3, "b": {"c": 4, "d": [1, 3]}, "new": True})


def test_current_versions_are_found_by_their_words_and_private_ones_by_whom_they_are_open_to(amina, ben, ada):
    c = amina.configurations
    c.put(A01, {"note": "heliotrope and wenge"}, reason="first")
    c.put("Cerner/HL7v2/ADT^A01", {"heliotrope": {"x": "zebrawood"}}, reason="first")
    c.put("secret", {"note": "heliotrope"}, reason="first", visibility="private")

    def found(scope, query):
        return [hit.configuration.address for hit in scope.configurations.search(query)]

    assert found(amina, "wenge") == [A01] and found(ben, "cerner") == ["Cerner/HL7v2/ADT^A01"]
    assert set(found(amina, "heliotrope")) == {A01, "Cerner/HL7v2/ADT^A01", "secret"} == set(found(ada, "heliotrope"))
    assert set(found(ben, "heliotrope")) == {A01, "Cerner/HL7v2/ADT^A01"}
    c.share("secret", ben.scope.actor_id, "edit")
    assert "secret" in found(ben, "heliotrope")
    ben.configurations.put("secret", {"note": "mahogany"}, reason="other words")
    assert found(ben, "mahogany") == found(amina, "mahogany") == ["secret"]
    c.unshare("secret", ben.scope.actor_id)
    assert found(ben, "mahogany") == []
    c.set_visibility("secret", "tenant")
    assert found(ben, "mahogany") == ["secret"]
    c.put(A01, {"note": "other"}, reason="second")
    assert found(amina, "wenge") == []
    refused("invalid_input", c.search, " ")


def test_documents_of_a_similar_shape_are_found_with_their_cosine(amina, ben, gus):
    def document(vendor, missing=()):
        names = [name for name in ("PID", "PV1", "EVN", "NK1", "AL1", "DG1") if name not in missing]
        return {"vendor": vendor, "segments": {name: {"fields": {"1": {"present": 1.0}}} for name in names}}

    c = amina.configurations
    c.put(A01, document("Epic"), reason="first")
    c.put("Cerner/HL7v2/ADT^A01", document("Cerner"), reason="first")
    c.put("Meditech/HL7v2/ADT^A01", document("Meditech", ["NK1", "AL1", "DG1"]), reason="first")
    c.put("support-agent", {"prompt": "Be brief.", "temperature": 0.2}, reason="first")
    c.put("private", document("Private"), reason="first", visibility="private")
    gus.configurations.put(A01, document("Other tenant's"), reason="first")
    found = c.similar(A01, above=0.8)
    assert {hit.configuration.address for hit in found} == {"Cerner/HL7v2/ADT^A01", "private"}
    assert all(0.8 < hit.score < 1 for hit in found) and found[0].score >= found[1].score
    assert [hit.configuration.address for hit in ben.configurations.similar(A01)] == ["Cerner/HL7v2/ADT^A01"]
    near = [hit.configuration.address for hit in ben.configurations.similar(A01, above=0.3)]
    assert near == ["Cerner/HL7v2/ADT^A01", "Meditech/HL7v2/ADT^A01"]
    assert len(c.similar(A01, above=-1)) == 4 and len(c.similar(A01, above=-1, limit=1)) == 1
    c.set_visibility("Cerner/HL7v2/ADT^A01", "private")
    assert ben.configurations.similar(A01) == []
    refused("invalid_input", c.similar, A01, above=2)


def test_versions_have_uses_ratings_and_an_accuracy(amina, ben, gus):
    c = amina.configurations
    c.put(A01, profile(), reason="first")
    assert c.standing(A01) == []
    c.count_use(A01)
    ben.configurations.count_use(A01, uses=9)
    c.rate(A01, -1, comment="too strict")
    c.rate(A01, 1)
    ben.configurations.rate(A01, -1, accuracy=0.5, samples=100)
    c.put(A01, profile(0.5), reason="second")
    ben.configurations.rate(A01, accuracy=1.0, samples=300, version=1)
    c.rate(A01, accuracy=0.8)
    second, first = c.standing(A01)
    assert (first.version, first.uses, first.ratings_up, first.ratings_down) == (1, 10, 1, 1)
    assert (first.accuracy, first.samples) == (0.875, 400) and first.last_used_at is not None
    assert (second.version, second.uses, second.accuracy, second.last_used_at) == (2, 0, 0.8, None)
    said = ben.configurations.feedback(A01)
    assert [one.version for one in said.items] == [2, 1, 1, 1, 1] and said.items[-1].comment == "too strict"
    page = c.feedback(A01, limit=2)
    assert c.feedback(A01, limit=3, cursor=page.next).items == said.items[2:]
    for wrong in ({"rating": 2}, {"accuracy": 1.5}, {}, {"comment": " "}, {"rating": 1, "samples": 0}):
        refused("invalid_input", c.rate, A01, **wrong)
    refused("version_not_found", c.rate, A01, 1, version=3)
    refused("version_not_found", c.count_use, A01, version=3)
    refused("configuration_not_found", gus.configurations.rate, A01, 1)
