"""`uv run python examples/interface_engine`: a day at a hospital, in a new encrypted file that is thrown away."""

import tempfile

from app import InterfaceEngine

import holdfast
from holdfast.domains.interop.hl7 import Message, read
from holdfast.samples import load
from holdfast.samples.hl7 import Drift, messages

NORA, AMIR, PIA = (f"{name}@stonebridge.test" for name in ("nora", "amir", "pia"))
EPIC = "Epic/HL7v2/ADT^A01"


def main() -> None:
    """Tell the story."""
    with (
        tempfile.TemporaryDirectory() as folder,
        holdfast.create(f"sqlite:///{folder}/engine.db", key="a passphrase of your own") as store,
    ):
        hospital = load(store, "interface_engine")
        app = InterfaceEngine(store, tenant=hospital.tenant)
        nora, amir, pia = (app.person(email) for email in (NORA, AMIR, PIA))

        print(f"What {hospital.name} know of their senders:")
        for one in app.senders(nora):
            print(f"  {one.address}: {one.messages} messages, {' '.join(one.segments)}; {', '.join(one.formats)}")
            for deviation in one.deviations:
                print(f"    {deviation.location}: {deviation.kind} ({deviation.severity})")

        worker = store.worker()
        worker.start()
        more = app.learn(nora, "Epic", messages("Epic", 300))
        worker.stop()
        print(f"\n300 messages of Epic, {more['new']} of them new; none of them is kept")

        today = messages("Epic", 200, since=300, drift=Drift(True, True, True))
        print("\nToday Epic writes otherwise:")
        for finding in app.changed(amir, EPIC, today).findings:
            print(f"  {finding.location}: {finding.kind}, {finding.before} before, {finding.after} now")

        request = app.adopt(amir, EPIC, today, reason="their upgrade of this night")
        try:
            app.approve(amir, request)
        except holdfast.HoldfastError as refused:
            print(f"\nAmir approves his own request: {refused.code}")
        app.approve(pia, request)
        print(f"Pia approves it, and version {app.publish(nora, request.id).version} is what is expected from now on")
        print(f"Today's messages differ from it in {len(app.changed(amir, EPIC, today).findings)} places")

        made = app.test_messages(amir, EPIC, 200, seed=7)
        check = nora.interop.validator(EPIC)
        wrong = sum(bool(check(found)) for found in read("".join(made).encode()) if isinstance(found, Message))
        print(f"\n200 messages to test with, {wrong} of them not as expected; the first:")
        print(made[0].replace("\r", "\n"))


if __name__ == "__main__":
    main()
