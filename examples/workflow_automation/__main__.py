"""`uv run python examples/workflow_automation`: a week at a firm, in a new encrypted file that is thrown away."""

import tempfile
from datetime import UTC, datetime

from app import Automation

import holdfast
from holdfast.samples import load

LENA = "lena@harborlight.test"


def main() -> None:
    """Tell the story."""
    with (
        tempfile.TemporaryDirectory() as folder,
        holdfast.create(f"sqlite:///{folder}/automation.db", key="a passphrase of your own") as store,
    ):
        firm = load(store, "workflow_automation")
        app = Automation(store)
        lena = app.person(firm.tenant, LENA)

        told = app.dashboard(lena).statistics
        print(f"The last week of {firm.name}:")
        for one in told.workflows:
            tally = one.tally
            rate = "–" if tally.success_rate is None else f"{tally.success_rate:.0%}"
            half = (tally.p50_ms or 0) / 1000
            print(f"  {one.name}: {tally.runs} runs, {rate} succeeded, half of them within {half:.1f} s")

        print("\nThe engine tells of one execution, out of order and twice:")
        now = datetime.now(UTC).isoformat()
        for status in ("waiting", "new", "waiting"):
            event = {"workflowId": "n8n-14", "executionId": "x-1", "status": status, "at": now}
            run = app.hear(lena, event | {"data": {"lead": "a bakery", "amount": 4200}})
            print(f"  {status}: {run.status}")
        print(f"  {len(app.dashboard(lena).waiting)} wait for a person")
        app.decide(lena, run, {"approved": True})
        try:
            app.decide(lena, run, {"approved": False})
        except holdfast.HoldfastError as late:
            print(f"  whoever clicks second: {late.code}")

        front = app.front(firm.tenant)
        print(f"\nBefore anybody logs in, the site knows: {front.branding}, {front.routing}")
        visit = app.welcome(firm.tenant, address="192.0.2.7")
        for channel_id in ("wa-1", "wa-1", "wa-2"):
            app.say(visit.token or "", "Do you deliver on Sundays?", channel_id=channel_id)
        print(f"Three deliveries of two messages: {len(app.chat(visit.token or ''))} are kept")


if __name__ == "__main__":
    main()
