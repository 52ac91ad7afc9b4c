"""Review: never by the author, of what was seen, over what it was made from; of competing requests one wins."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.refusals import refused

from holdfast import HoldfastError

A01 = "Epic/HL7v2/ADT^A01"


@pytest.fixture
def oli(store):
    """The owner of the tenant."""
    return store.tenant("acme").user("oli@acme.test")


@pytest.fixture
def proposed(amina):
    """A change of amina's to a configuration of hers."""
    amina.configurations.put(A01, {"n": 1, "note": "kept"}, reason="first")
    return amina.configurations.propose(A01, {"n": 2, "note": "kept"}, reason="more samples")


def test_a_request_is_approved_by_another_and_published_as_a_version_of_its_author(amina, ben, proposed):
    c = amina.configurations
    assert (proposed.status, proposed.base_version, proposed.required) == ("open", 1, 1)
    assert [change.words for change in proposed.changes] == ["n 1 → 2"] and c.get(A01).version == 1
    assert "0 of 1" in refused("approvals_missing", c.publish, proposed.id)
    refused("own_request", c.approve, proposed.id)
    refused("own_request", c.reject, proposed.id, reason="mine")
    approved = ben.configurations.approve(proposed.id, digest=proposed.digest)
    assert [one.approver_id for one in approved.approvals] == [ben.scope.actor_id]
    assert len(ben.configurations.approve(proposed.id).approvals) == 1
    refused("configuration_read_only", ben.configurations.publish, proposed.id)
    made = c.publish(proposed.id)
    assert (made.version, made.document, made.author_id) == (2, {"n": 2, "note": "kept"}, amina.scope.actor_id)
    version = c.history(A01).items[0]
    assert (version.origin, version.request_id, version.reason) == ("publish", proposed.id, "more samples")
    closed = c.request(proposed.id)
    assert (closed.status, closed.published_version, closed.closed_by) == ("published", 2, amina.scope.actor_id)
    for call in (c.publish, ben.configurations.approve):
        refused("request_closed", call, proposed.id)


def test_an_approval_is_of_the_content_that_was_seen(amina, ben, proposed):
    ben.configurations.approve(proposed.id)
    revised = amina.configurations.revise(proposed.id, {"n": 3}, reason="another value")
    assert (revised.revision, revised.approvals, revised.reason) == (2, (), "another value")
    refused("approvals_missing", amina.configurations.publish, proposed.id)
    refused("request_changed", ben.configurations.approve, proposed.id, digest=proposed.digest)
    back = amina.configurations.revise(proposed.id, {"n": 2, "note": "kept"})
    assert back.digest == proposed.digest and back.approvals == (), "approvals of a former revision stay former"
    ben.configurations.approve(proposed.id)
    assert amina.configurations.publish(proposed.id).version == 2
    refused("request_closed", amina.configurations.revise, proposed.id, {"n": 4})


def test_on_a_stale_base_nothing_is_approved_or_published(amina, ben, proposed):
    c = amina.configurations
    other = ben.configurations.propose(A01, {"n": 9, "note": "kept"}, reason="also")
    ben.configurations.approve(proposed.id)
    c.approve(other.id)
    c.publish(proposed.id)
    text = refused("stale_base", c.publish, other.id)
    assert "made from version 1" in text and "at version 2" in text and "revise(…)" in text
    refused("stale_base", c.approve, other.id)
    refused("not_the_author", c.revise, other.id, {"n": 10})
    refused("configuration_changed", ben.configurations.revise, other.id, {"n": 9}, if_version=1)
    assert ben.configurations.revise(other.id, {"n": 9}, if_version=2).base_version == 2
    c.approve(other.id)
    assert c.publish(other.id).author_id == ben.scope.actor_id
    assert [one.version for one in c.history(A01).items] == [3, 2, 1]


def test_requests_are_rejected_by_others_and_withdrawn_by_their_authors(amina, ben, gus, proposed):
    refused("not_the_author", ben.configurations.withdraw, proposed.id)
    rejected = ben.configurations.reject(proposed.id, reason="too few samples")
    assert (rejected.status, rejected.closing_reason) == ("rejected", "too few samples")
    other = ben.configurations.propose(A01, {"n": 5}, reason="mine", if_version=1)
    assert ben.configurations.withdraw(other.id).status == "withdrawn"
    refused("configuration_changed", ben.configurations.propose, A01, {"n": 5}, reason="late", if_version=2)
    refused("invalid_input", ben.configurations.propose, A01, {"n": 1, "note": "kept"}, reason="the same")
    refused("request_not_found", gus.configurations.approve, proposed.id)
    assert amina.configurations.requests().items == ()
    every = amina.configurations.requests(status="any", address=A01)
    assert [one.status for one in every.items] == ["withdrawn", "rejected"]
    page = amina.configurations.requests(status="any", limit=1)
    assert amina.configurations.requests(status="any", limit=1, cursor=page.next).items == every.items[1:]
    assert amina.configurations.requests(status="rejected").items == every.items[1:]


def test_comments_are_in_threads_and_at_places(amina, ben, proposed):
    asked = ben.configurations.comment(proposed.id, "Why two?", path="/n")
    answer = amina.configurations.comment(proposed.id, "The samples say so.", reply_to=asked.id)
    said = amina.configurations.comments(proposed.id).items
    assert [(one.text, one.reply_to, one.path) for one in said] == [
        ("Why two?", None, "/n"),
        ("The samples say so.", asked.id, None),
    ]
    page = ben.configurations.comments(proposed.id, limit=1)
    assert ben.configurations.comments(proposed.id, limit=1, cursor=page.next).items == (answer,)
    refused("invalid_input", ben.configurations.comment, proposed.id, "x", reply_to=proposed.id)
    refused("invalid_input", ben.configurations.comment, proposed.id, " ")


def test_a_rule_asks_for_more_approvals_and_closes_every_way_round_them(amina, ben, ada, oli):
    c = amina.configurations
    c.put(A01, {"n": 1}, reason="first")
    c.put(A01, {"n": 2}, reason="second")
    refused("permission_denied", c.set_rule, "Epic/*/*", approvals=2)
    ada.configurations.set_rule("Epic/*/*", approvals=2)
    ada.configurations.set_rule("*/*/ADT^*", approvals=1)
    c.branch(A01, "trial")
    c.put(A01, {"n": 3}, reason="on a branch", branch="trial")
    for scope in (amina, ada):
        refused("review_required", scope.configurations.put, A01, {"n": 3}, reason="at once")
        refused("review_required", scope.configurations.rollback, A01, 1, reason="at once")
        refused("review_required", scope.configurations.merge, A01, "trial", reason="at once")
    request = c.propose(A01, {"n": 3}, reason="as the rule says")
    assert request.required == 2
    ben.configurations.approve(request.id)
    assert "1 of 2" in refused("approvals_missing", c.publish, request.id)
    oli.configurations.approve(request.id)
    assert c.publish(request.id).version == 3
    ada.configurations.set_rule("Epic/*/*")
    ada.configurations.set_rule("*/*/ADT^*", approvals=0)
    assert [(one.pattern, one.approvals) for one in c.rules()] == [("*/*/ADT^*", 0)]
    assert c.put(A01, {"n": 4}, reason="at once").version == 4
    assert c.publish(c.propose(A01, {"n": 5}, reason="alone").id).version == 5
    refused("invalid_input", ada.configurations.set_rule, "Epic/*", approvals=1)
    refused("invalid_input", ada.configurations.set_rule, "Epic/*/*", approvals=-1)


def test_a_schema_that_is_required_holds_for_every_new_version(amina, ada):
    c = amina.configurations
    schema = {"type": "object", "required": ["model"], "properties": {"model": {"enum": ["heliotrope", "wenge"]}}}
    c.put("support-agent", {"free": 1}, reason="before the rule")
    ada.configurations.set_rule("*-agent", schema=schema)
    assert c.rules()[0].schema == schema
    text = refused("schema_violated", c.put, "support-agent", {"model": "zebrawood"}, reason="x")
    assert "'model'" in text and "zebrawood" not in text
    refused("schema_violated", c.put, "sales-agent", {}, reason="x")
    refused("schema_violated", c.propose, "support-agent", {"model": 1}, reason="x")
    assert c.put("support-agent", {"model": "wenge"}, reason="fits").version == 2
    refused("schema_violated", c.rollback, "support-agent", 1, reason="x")
    for wrong in ({"$ref": "https://elsewhere.test/schema"}, {"type": "nothing"}, {"$id": "x"}):
        refused("invalid_input", ada.configurations.set_rule, "*-agent", schema=wrong)


def test_those_concerned_are_told_in_their_inbox_and_as_events(store, amina, ben, ada, proposed):
    cursor = amina.audit.events().next
    ben.configurations.comment(proposed.id, "Why two?")
    ada.configurations.approve(proposed.id)
    amina.configurations.publish(proposed.id)

    def told(scope, **asked):
        return [(one.kind, one.address, one.by_id) for one in scope.configurations.inbox(**asked).items]

    me, b, a = (scope.scope.actor_id for scope in (amina, ben, ada))
    assert told(amina) == [("approved", A01, a), ("commented", A01, b)]
    assert told(ben) == [("published", A01, me), ("approved", A01, a)]
    assert told(ada) == [("published", A01, me)]
    mine = [one for one in amina.audit.events(after=cursor).items if one.target_kind == "notification"]
    assert [one.details["what"] for one in mine if one.owner_id == me] == ["commented", "approved"]
    assert amina.configurations.mark_read(amina.configurations.inbox().items[1].id) == 1
    assert told(amina, unread=True) == [("approved", A01, a)] and amina.configurations.mark_read() == 1
    assert told(amina, unread=True) == [] and len(told(amina)) == 2 and amina.configurations.mark_read() == 0
    amina.configurations.share(A01, b, "edit")
    assert told(ben)[0] == ("shared", A01, me)
    amina.configurations.set_visibility(A01, "private")
    amina.configurations.unshare(A01, b)
    assert told(ben) == [], "of what one may not read any more nothing is told"


def test_what_is_shared_to_view_is_not_discussed(amina, ben, ada):
    c = amina.configurations
    c.put(A01, {"n": 1}, reason="first", visibility="private")
    request = c.propose(A01, {"n": 2}, reason="asked")
    refused("configuration_not_found", ben.configurations.propose, A01, {"n": 3}, reason="mine")
    refused("request_not_found", ben.configurations.request, request.id)
    c.share(A01, ben.scope.actor_id, "view")
    assert ben.configurations.request(request.id).document == {"n": 2}
    for call in (
        lambda: ben.configurations.propose(A01, {"n": 3}, reason="mine"),
        lambda: ben.configurations.approve(request.id),
        lambda: ben.configurations.comment(request.id, "x"),
        lambda: ben.configurations.reject(request.id, reason="x"),
    ):
        refused("configuration_read_only", call)
    c.share(A01, ben.scope.actor_id, "comment")
    ben.configurations.approve(request.id)
    assert c.publish(request.id).version == 2
    assert ada.configurations.propose(A01, {"n": 3}, reason="administered").base_version == 2


def test_of_twenty_that_approve_and_publish_competing_requests_one_wins_and_history_has_no_hole(sync_store):
    people = [sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ada", "oli")]
    c = people[0].configurations
    c.put(A01, {"n": 0}, reason="first")
    for turn in range(1, 4):
        requests = [
            one.configurations.propose(A01, {"turn": turn, "by": n}, reason="x") for n, one in enumerate(people)
        ]
        start = Barrier(20)

        def act(n, requests=requests, start=start):
            person, request = people[n % 3].configurations, requests[n % 7 % 3]
            start.wait()
            try:
                return person.approve(request.id) if n < 8 else person.publish(request.id)
            except HoldfastError as error:
                return error.code

        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(act, range(20)))
        codes = {one for one in outcomes if isinstance(one, str)}
        assert codes <= {"own_request", "stale_base", "request_closed", "approvals_missing"}
        for request in requests:  # who came too early comes again
            for person in people:
                for call in (person.configurations.approve, person.configurations.publish):
                    try:
                        outcomes.append(call(request.id))
                    except HoldfastError as error:
                        assert error.code in {"own_request", "stale_base", "request_closed", "approvals_missing"}
        assert len([one for one in outcomes if hasattr(one, "version")]) == 1
        assert sorted(c.request(one.id).status for one in requests) == ["open", "open", "published"]
        assert [one.version for one in c.history(A01).items] == list(range(turn + 1, 0, -1))
        for request, person in zip(requests, people, strict=True):
            if c.request(request.id).status == "open":
                person.configurations.withdraw(request.id)
