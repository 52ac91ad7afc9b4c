"""`uv run python examples/agency_assistant`: a day at an agency, in a new encrypted file that is thrown away."""

import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from app import Agency, WrongClient
from model import ScriptedModel

import holdfast
from holdfast.samples import load

MIA, THEO, INES = (f"{name}@brightside.test" for name in ("mia", "theo", "ines"))


class NoPlatform:
    """Stands for the platforms' reporting interfaces."""

    def fetch(self, platform: str, token: str) -> Mapping[str, object]:
        """What a platform says today."""
        return {"clicks": 430, "cost": "99.10 EUR"} if token else {}


def main() -> None:
    """Tell the story."""
    with (
        tempfile.TemporaryDirectory() as folder,
        holdfast.create(f"sqlite:///{folder}/agency.db", key="a passphrase of your own") as store,
    ):
        load(store, "agency_assistant")
        app = Agency(store, ScriptedModel(), NoPlatform(), tenant="brightside")
        mia, theo, ines = (app.person(email) for email in (MIA, THEO, INES))
        for name, me in (("Mia", mia), ("Theo", theo)):
            print(f"{name} works for", ", ".join(client.name for client in app.clients(me)))

        bakery = next(client for client in app.clients(mia) if client.name == "Juniper Bakery")
        desk = app.desk(mia, bakery.id)
        chat = desk.start("Weekend")
        reply = desk.ask(chat.id, "How do our Google Ads stand?", request_id="r-1")
        print(f"\n{reply.message.content} (called: {', '.join(reply.called)})")
        for message in mia.conversations.last(chat.id):
            kinds = ", ".join(str(part["type"]) for part in message.parts or ())
            print(f"  {message.seq} {message.role}: {message.content or kinds}")
        desk.rate(reply.message.id, 1, "right to the point")
        print(f"  it cost {desk.cost(chat.id)} dollars")
        for snapshot in desk.metrics():
            print(f"  {snapshot.platform}: {dict(snapshot.metrics)}, {snapshot.age_seconds // 3600} h old")

        travel = next(client for client in app.clients(mia) if client.name == "North-South Travel")
        try:
            app.desk(mia, travel.id).ask(chat.id, "And here?", request_id="r-2")
        except WrongClient as refused:
            print(f"\nAt the travel agency's desk: {refused}")

        export = Path(str(files("holdfast") / "samples" / "agency_assistant" / "mongodb"))
        people = {"65e8a1f0c3d4e5f60718a001": MIA, "65e8a1f0c3d4e5f60718a002": THEO}
        came = app.bring_in(ines, export, people)
        count, messages = sum(one.conversations for one in came), sum(one.messages for one in came)
        print(f"\nFrom MongoDB: {ines.records.count('clients')} clients, {count} conversations, {messages} messages")
        left = {one.place: one.reason for report in came for one in report.unreadable}
        print("  left out:", "; ".join(f"{place}, {reason}" for place, reason in left.items()))

        app.put_away(ines, bakery.id)
        waiting = ines.connections.revocations(workspace=bakery.id, status="queued").items
        print(f"\nPut away; {len(waiting)} platforms are to be told that its tokens are revoked")
        app.bring_back(ines, bakery.id)
        print(f"Back again with {len(desk.chats().items)} conversations of Mia's; its platforms are connected anew")


if __name__ == "__main__":
    main()
