"""A bank's staff assistant: all that is left to write when Holdfast keeps the data.

`StaffAssistant.ask` is the whole story of a question: kept before the model is called, answered from what the person
may read, cited, summarised when it is time.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

from holdfast import Context, Conversation, Message, Page, Store
from holdfast.domains.knowledge.models import Retrieval
from holdfast.domains.memory import Candidate
from holdfast.domains.runs import Decision
from holdfast.store import UserScope

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
    """How the assistant was used, from `since` to `until`. Latencies are in milliseconds, shares from 0 to 1."""

    messages: dict[tuple[str, date], int]
    """What people wrote, by address and day."""
    conversations: int
    mean_length: float
    longest: int
    intents: list[tuple[str, int]]
    latency_median: float | None
    latency_worst: float | None
    failure_rate: float
    """The share of questions that the model did not answer at the first try."""


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
        answer, attempts = self._complete(_prompt(context, found, asked), request_id)
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
        """How everybody used it; for administrators, whose reading is in the trail. Reads every conversation."""
        me = self.person(email, request_id)
        used = _Used()
        for member in me.identity.list_members():
            for chat in _all(
                lambda cursor, of=member: me.conversations.list(owner=of.user_id, hidden=True, cursor=cursor)
            ):
                read = _all(lambda cursor, of=chat: me.conversations.messages(of.id, limit=200, cursor=cursor))
                used.add(member.email, [message for message in read if since <= message.created_at < until])
        return used.report()

    def _passages(self, me: UserScope, asked: Message) -> Retrieval | None:
        """What the person may read about it; None when there is no word in it to look for ("?", a thumb)."""
        if not any(letter.isalnum() for letter in asked.content[:QUESTION_CHARS]):
            return None
        question = asked.content[:QUESTION_CHARS]
        return me.knowledge.search(question, base=self._base, k=4, conversation=asked.conversation_id)

    def _complete(self, prompt: list[dict[str, str]], request_id: str) -> tuple[dict[str, Any], int]:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._model.complete(prompt), attempt
            except (TimeoutError, ConnectionError) as error:
                log.warning("attempt %s failed (%s) request_id=%s", attempt, type(error).__name__, request_id)
        raise ModelAway(f"no answer after {self._attempts} attempts; repeat request {request_id!r}")

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


def _all(page_of: Callable[[str | None], Page[Any]]) -> Iterator[Any]:
    """Everything on every page."""
    cursor = None
    while True:
        page = page_of(cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


class _Used:
    def __init__(self) -> None:
        self.messages: Counter[tuple[str, date]] = Counter()
        self.lengths: list[int] = []
        self.answers: list[dict[str, Any]] = []

    def add(self, email: str, messages: list[Message]) -> None:
        """The messages of one conversation in the period."""
        self.messages.update((email, said.created_at.date()) for said in messages if said.role == "user")
        self.lengths += [len(messages)] if messages else []
        self.answers += [said.metadata for said in messages if said.role == "assistant"]

    def report(self) -> Report:
        """What it comes to."""
        questions = self.messages.total()
        at_once = sum(answer.get("attempts", 1) == 1 for answer in self.answers)
        latencies = sorted(answer["latency_ms"] for answer in self.answers if "latency_ms" in answer)
        return Report(
            messages=dict(self.messages),
            conversations=len(self.lengths),
            mean_length=sum(self.lengths) / len(self.lengths) if self.lengths else 0.0,
            longest=max(self.lengths, default=0),
            intents=Counter(answer.get("intent", "unknown") for answer in self.answers).most_common(),
            latency_median=latencies[len(latencies) // 2] if latencies else None,
            latency_worst=latencies[-1] if latencies else None,
            failure_rate=max(0, questions - at_once) / questions if questions else 0.0,
        )
