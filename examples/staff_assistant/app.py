"""A bank's staff assistant: all that is left to write when Holdfast keeps the data.

`StaffAssistant.ask` is the whole story of a question: kept before the model is called, answered from what the person
may read, cited, summarised when it is time.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

from holdfast import Context, Conversation, Message, Store
from holdfast.domains.knowledge.models import Retrieval
from holdfast.domains.memory import Candidate
from holdfast.domains.runs import Decision
from holdfast.scopes import UserScope

log = logging.getLogger("staff_assistant")
QUESTION_CHARS = 4_000
"""The longest question that knowledge is asked."""
MARGIN = 50
"""So many messages may come in while a summary is made."""


class Model(Protocol):
    """The service that answers. It is outside: it may be slow, wrong, or away."""

    name: str

    def complete(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        """An answer: `content`, `cites` (numbers of passages), `intent`, `tokens`."""
        ...

    def summarize(self, text: str) -> str:
        """A summary."""
        ...


class Rules(Protocol):
    """The bank's rules of lending, which look at its own system: that is outside too."""

    version: str

    def judge(self, numbers: Sequence[str], amount: int) -> Any:
        """A verdict: `status`, `reasons` (codes), `evidence`, `recommendations`, without a word of whom."""
        ...


class ModelAway(Exception):
    """The model did not answer, however often it was asked. The question is kept: repeat the request."""


@dataclass(frozen=True)
class Reply:
    """An answer as it is kept, and the titles of the documents that it cites."""

    message: Message
    cited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """How the assistant was used, in whole days of UTC. Latencies are in milliseconds, shares from 0 to 1."""

    messages: dict[tuple[str, date], int]
    """What people wrote, by address and day."""
    conversations: int
    """So many were begun."""
    mean_length: float
    longest: int
    intents: list[tuple[str, int]]
    latency_mean: float | None
    latency_worst: int | None
    failure_rate: float | None
    """The share of calls that the model did not answer; None when it was not called."""


class StaffFacts:
    """Finds what people say about themselves. `memory.propose` shows it each message once."""

    name = "staff-facts-1"
    branch = re.compile(r"\bI (?:work|am) at the (?P<value>[A-Z]\w+(?: [A-Z]\w+)*) branch")

    def extract(self, messages: Sequence[Message]) -> Iterator[Candidate]:
        """A candidate for each statement."""
        for message in messages:
            found = self.branch.search(message.content) if message.role == "user" else None
            if found is not None:
                yield Candidate(key="branch", value=found["value"], source=message.id, confidence=0.8)


class StaffAssistant:
    """The application, for one bank. Every call names who asks and the id of the request, which goes on every row."""

    def __init__(
        self,
        store: Store,
        model: Model,
        *,
        tenant: str,
        base: str,
        attempts: int = 3,
        rules: Rules | None = None,
    ) -> None:
        self._rules = rules
        self._bank = store.tenant(tenant)
        self._model = model
        self._base = base
        self._attempts = attempts

    def person(self, email: str, request_id: str) -> UserScope:
        """Who asks: what they may see and read follows from this, and from nothing else in a request."""
        return self._bank.user(email, request_id=request_id)

    def start(self, email: str, title: str, *, request_id: str, on_screen: Sequence[UUID] = ()) -> Conversation:
        """A new conversation. Beyond the bank's cap the one silent for longest is hidden, never one `on_screen`."""
        me = self.person(email, request_id)
        made = me.conversations.create(title=title, keep_visible=on_screen)
        visible = me.conversations.visible()
        if visible.warning:
            log.warning("%s of %s conversations visible request_id=%s", visible.count, visible.limit, request_id)
        return made

    def ask(self, email: str, conversation: UUID, text: str, *, request_id: str) -> Reply:
        """Keep a question, answer it, keep the answer. Repeating it with the same `request_id` doubles nothing.

        Raises `ModelAway`, and what Holdfast raises: `ConversationNotFound` for somebody else's conversation.
        """
        me = self.person(email, request_id)
        asked = me.conversations.append(conversation, role="user", content=text, request_id=request_id)  # durable now
        known = _answer_to(me, asked) if asked.replayed else None
        if known is not None:
            return Reply(known)
        me.memory.propose(conversation, extractor=StaffFacts())
        found = self._passages(me, asked)
        context = me.conversations.context(conversation, max_tokens=3000, last=20, passages=False)
        began = perf_counter()
        answer, attempts = self._complete(me, asked, _prompt(context, found, asked))
        said = me.conversations.append(
            conversation,
            role="assistant",
            content=answer["content"],
            request_id=request_id,
            metadata={
                "model": self._model.name,
                "intent": answer["intent"],
                "tokens": answer["tokens"],
                "latency_ms": round(1000 * (perf_counter() - began), 1),
                "attempts": attempts + asked.replayed,  # a repeated question had failed before
            },
        )
        hits = () if found is None else found.hits
        cited = [hits[number - 1] for number in answer["cites"] if 0 < number <= len(hits)]
        if found is not None:
            me.knowledge.cite(found.id, message=said.id, chunks=[hit.chunk.id for hit in cited])
        self._summarize(me, request_id)
        log.info("answered in %s attempts request_id=%s", attempts, request_id)
        return Reply(said, tuple(hit.document.title for hit in cited))

    def check(
        self, email: str, conversation: UUID, numbers: Sequence[str], *, amount: int, request_id: str
    ) -> Decision:
        """Whether those with these accounts may borrow an amount together; kept, and told to the model from then on.

        The numbers are kept as keyed hashes alone. Repeating it with the same `request_id` gives the first decision.
        Raises KeyError for an account of another bank, `TimeoutError` while the bank's system is away: nothing is
        decided then.
        """
        if self._rules is None:
            raise RuntimeError("the assistant was made without rules to check by")
        me = self.person(email, request_id)
        known = me.runs.decisions(conversation=conversation, kind="eligibility", limit=200).items
        again = next((one for one in known if one.request_id == request_id), None)
        if again is not None:
            return again
        began = perf_counter()
        verdict = self._rules.judge(numbers, amount)
        made = me.runs.record_decision(
            "eligibility",
            subjects=numbers,
            status=verdict.status,
            reasons=verdict.reasons,
            evidence=verdict.evidence,
            recommendations=verdict.recommendations,
            rule_version=self._rules.version,
            latency_ms=round(1000 * (perf_counter() - began), 1),
            conversation=conversation,
        )
        log.info("checked %s accounts: %s request_id=%s", len(numbers), verdict.status, request_id)
        return made

    def checks_of(self, email: str, number: str, *, request_id: str) -> tuple[Decision, ...]:
        """What was decided of an account: by oneself; for administrators, by anybody, and that is in the trail."""
        return self.person(email, request_id).runs.decisions(subject=number, kind="eligibility").items

    def forget(self, email: str, key: str, *, request_id: str) -> None:
        """Remove what is remembered about somebody under a key, for good."""
        self.person(email, request_id).memory.forget(key)

    def put_away(self, email: str, conversation: UUID, *, request_id: str) -> None:
        """Delete a conversation: nobody sees it any more; it can be restored until retention purges it."""
        self.person(email, request_id).conversations.delete(conversation)

    def report(self, email: str, *, since: datetime, until: datetime, request_id: str) -> Report:
        """How everybody used it; for administrators. A member's is about the member. At most a year.

        Counted by Holdfast: no conversation is read for it.
        """
        me = self.person(email, request_id)
        used = me.metering.analytics(since=since, until=until)
        names = {member.user_id: member.email for member in me.identity.list_members()}
        return Report(
            messages={(names[one.user], one.day.date()): one.messages for one in used.by_user if one.messages},
            conversations=sum(day.counts.get("conversations", 0) for day in used.days),
            mean_length=used.mean_length or 0.0,
            longest=used.longest,
            intents=sorted(used.intents.items(), key=lambda one: (-one[1], one[0])),
            latency_mean=used.total.latency_ms,
            latency_worst=used.total.slowest_ms,
            failure_rate=used.failure_rate,
        )

    def _passages(self, me: UserScope, asked: Message) -> Retrieval | None:
        """What the person may read about it; None when there is no word in it to look for ("?", a thumb)."""
        if not any(letter.isalnum() for letter in asked.content[:QUESTION_CHARS]):
            return None
        question = asked.content[:QUESTION_CHARS]
        return me.knowledge.search(question, base=self._base, k=4, conversation=asked.conversation_id)

    def _complete(self, me: UserScope, asked: Message, prompt: list[dict[str, str]]) -> tuple[dict[str, Any], int]:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._call(me, asked.conversation_id, prompt), attempt
            except (TimeoutError, ConnectionError) as error:
                log.warning("attempt %s failed (%s) request_id=%s", attempt, type(error).__name__, asked.request_id)
        raise ModelAway(f"no answer after {self._attempts} attempts; repeat request {asked.request_id!r}")

    def _call(self, me: UserScope, conversation: UUID, prompt: list[dict[str, str]]) -> dict[str, Any]:
        """One call of the model, recorded with what it took, also when it fails."""
        began, tokens, outcome = perf_counter(), 0, "error"
        try:
            answer = self._model.complete(prompt)
            tokens, outcome = answer["tokens"], "success"
            return answer
        finally:
            me.metering.record(
                "answer",
                model=self._model.name,
                tokens=tokens,
                latency_ms=round(1000 * (perf_counter() - began)),
                outcome=outcome,
                conversation=conversation,
            )

    def _summarize(self, me: UserScope, request_id: str) -> None:
        """Every ten messages. When the model is away it stays due, and the next answer makes up for it."""
        for due in me.conversations.due_summaries():
            lines = [summary.text for summary in me.conversations.summaries(due.id)[-1:]]
            for said in me.conversations.last(due.id, due.message_count - due.summarized_through + MARGIN):
                if due.summarized_through < said.seq <= due.message_count:
                    lines.append(f"{said.role}: {said.content}")
            try:
                me.conversations.summarize(due.id, self._model.summarize("\n".join(lines)), through=due.message_count)
            except (TimeoutError, ConnectionError) as error:
                log.warning("no summary yet (%s) request_id=%s", type(error).__name__, request_id)


def _answer_to(me: UserScope, asked: Message) -> Message | None:
    """What was answered the first time, when this question was asked before and got as far as that."""
    later = me.conversations.between(asked.conversation_id, asked.created_at)
    return next((said for said in later if said.role == "assistant" and said.request_id == asked.request_id), None)


def _prompt(context: Context, found: Retrieval | None, asked: Message) -> list[dict[str, str]]:
    """What the model is told: the summary, the latest eligibility check of this conversation, facts, passages.

    The passages are those of the search, which is logged and can be cited; `context.passages` are of all bases.
    """
    told = ["You help the staff of a bank. Answer from the passages, and name their numbers."]
    told += [] if context.summary is None else [f"So far: {context.summary.text}"]
    told += [f"Checked: {decision.text}" for decision in context.decisions]
    told += [f"About the person: {fact.text}" for fact in context.facts]
    told += [
        f"[{number}] {' '.join(hit.chunk.content.split())}" for number, hit in enumerate(found.hits if found else (), 1)
    ]
    earlier = [{"role": said.role, "content": said.content} for said in context.messages if said.id != asked.id]
    return [{"role": "system", "content": "\n".join(told)}, *earlier, {"role": "user", "content": asked.content}]
