"""`uv run python examples/staff_assistant`: a morning at the bank, in a new encrypted file that is thrown away."""

import logging
import tempfile
from datetime import UTC, datetime, timedelta

from app import ModelAway, StaffAssistant
from eligibility import LendingRules
from model import ScriptedAccounts, ScriptedModel

import holdfast
from holdfast.samples import load

TOMAS, NOOR, MARTA = (f"{name}@larkfield.test" for name in ("tomas", "noor", "marta"))


def main() -> None:
    """Tell the story."""
    logging.basicConfig(format="  log: %(message)s")
    model = ScriptedModel()
    with (
        tempfile.TemporaryDirectory() as folder,
        holdfast.create(f"sqlite:///{folder}/bank.db", key="a passphrase of your own") as store,
    ):
        bank = load(store, "staff_assistant")
        app = StaffAssistant(store, model, tenant=bank.tenant, base="handbook", rules=LendingRules(ScriptedAccounts()))

        print("The same question, asked by a teller and by a branch manager:")
        for email in (TOMAS, MARTA):
            chat = app.start(email, "Rates", request_id=f"start-{email}")
            reply = app.ask(email, chat.id, "Which margin and floor has a home loan?", request_id=f"q-{email}")
            print(f"  {email} reads {', '.join(reply.cited)}:\n    {reply.message.content[:110]} …")

        print("\nThe model goes away while Noor asks:")
        chat = app.start(NOOR, "Joint account", request_id="r-1")
        question = "I work at the Harbour Square branch. Who signs for a loan on a joint account?"
        model.failures = 3
        try:
            app.ask(NOOR, chat.id, question, request_id="r-2")
        except ModelAway as away:
            print(f"  {away}")
        noor = app.person(NOOR, "r-3")
        print(f"  kept all the same: {[said.content[:40] for said in noor.conversations.last(chat.id)]}")
        app.ask(NOOR, chat.id, question, request_id="r-2")
        print(f"  after a retry: {noor.conversations.counts(chat.id)}; remembered: {noor.memory.fact('branch').value}")

        print("\nNoor checks whether two customers may borrow together:")
        made = app.check(NOOR, chat.id, ["6718949405", "9935041127"], amount=40_000, request_id="c-1")
        print(f"  {made.status}: {', '.join(made.reasons)}; {' '.join(made.recommendations)}")
        (found,) = app.checks_of(NOOR, "9935 041 127", request_id="c-2")
        print(f"  found by the account's number, which is nowhere to be read: {found.id == made.id}")

        now = datetime.now(UTC)
        report = app.report(MARTA, since=now - timedelta(days=364), until=now + timedelta(days=1), request_id="r-4")
        print(f"\n{sum(report.messages.values())} questions in {report.conversations} conversations; {report.intents}")
        print(f"Calls not answered: {report.failure_rate:.0%}. The model, on average: {report.latency_mean} ms")
        trail = app.person(MARTA, "r-5").audit.verify()
        print(f"The trail: {trail.rows} lines, {'sound' if trail.ok else trail.why}")


if __name__ == "__main__":
    main()
