"""Changes made at the same moment: none is lost, and a race has one winner."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast import HoldfastError


@pytest.fixture
def amina(sync_store):
    return sync_store.tenant("acme").user("amina@acme.test")


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.exception() or future.result() for future in [threads.submit(call) for call in calls]]


def test_editing_the_title_and_the_tags_at_once_loses_neither(amina):
    chat = amina.conversations.create()

    def edit(field, values):
        for value in values:
            amina.conversations.edit(chat.id, **{field: value})
            assert getattr(amina.conversations.get(chat.id), field) == value

    assert at_once(
        lambda: edit("title", [f"title {n}" for n in range(60)]),
        lambda: edit("tags", [[f"tag {n}"] for n in range(60)]),
    ) == [None, None]


def test_appending_and_changing_the_status_at_once_keeps_the_log_whole(amina):
    chat = amina.conversations.create()

    def append():
        done = 0
        for n in range(30):
            try:
                amina.conversations.append(chat.id, role="user", content=f"m{n}")
                done += 1
            except HoldfastError as error:
                assert error.code == "conversation_not_active"
        return done

    def change():
        for _ in range(15):
            amina.conversations.archive(chat.id)
            amina.conversations.restore(chat.id)
        return 0

    outcomes = at_once(append, change, append)
    assert all(isinstance(outcome, int) for outcome in outcomes)
    assert amina.conversations.get(chat.id).message_count == sum(outcomes)
    assert amina.conversations.verify(chat.id).ok


def test_repeated_at_once_a_request_is_stored_once(amina):
    chat = amina.conversations.create()
    send = lambda: amina.conversations.append(chat.id, role="user", content="x", request_id="r")  # noqa: E731
    messages = at_once(*[send] * 8)
    assert {message.id for message in messages} == {messages[0].id}
    assert sum(not message.replayed for message in messages) == 1
    assert amina.conversations.get(chat.id).message_count == 1


def test_summaries_written_at_once_get_a_version_each(amina):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="x")
    made = at_once(*[lambda: amina.conversations.summarize(chat.id, "s")] * 6)
    assert sorted(summary.version for summary in made) == [1, 2, 3, 4, 5, 6]


def test_an_answer_rated_twice_at_once_has_one_rating(amina):
    chat = amina.conversations.create()
    for _ in range(10):
        answer = amina.conversations.append(chat.id, role="assistant", content="x")
        rated = at_once(*[lambda answer=answer: amina.conversations.rate(answer.id, 1)] * 6)
        assert [outcome for outcome in rated if isinstance(outcome, Exception)] == []
    assert len(amina.conversations.feedback(chat.id)) == 10


def test_a_file_attached_twice_at_once_is_kept_once(amina):
    chat = amina.conversations.create()
    attach = lambda: amina.conversations.attach(chat.id, b"bytes", name="a", media_type="text/plain")  # noqa: E731
    assert len({file.digest for file in at_once(*[attach] * 6)}) == 1


@pytest.mark.parametrize("kind", ["tenant", "user", "workspace"])
def test_of_several_that_make_the_same_one_wins_and_the_others_are_told(sync_store, kind):
    identity = sync_store.system().identity
    made = {
        "tenant": lambda n: identity.create_tenant(f"new-{n}"),
        "user": lambda n: identity.create_user(f"new-{n}@acme.test", tenant="acme"),
        "workspace": lambda n: identity.create_workspace(f"new {n}", tenant="acme"),
    }[kind]
    for n in range(8):
        outcomes = at_once(*[lambda n=n: made(n)] * 4)
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [getattr(error, "code", repr(error)) for error in errors] == [f"{kind}_exists"] * 3


def test_two_tenants_may_add_the_same_new_person_at_once(sync_store):
    identity = sync_store.system().identity
    for n in range(8):
        add = lambda tenant, n=n: identity.create_user(f"both-{n}@x.test", tenant=tenant)  # noqa: E731
        one, two = at_once(lambda add=add: add("acme"), lambda add=add: add("globex"))
        assert one.user_id == two.user_id
