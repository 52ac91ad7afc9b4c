"""10,000 synthetic patients are analysed: nothing of any of them is in anything that is shown, nor in the file itself.

`uv run python -m tests.campaigns.privacy [--quick]`: on an encrypted SQLite file with samples kept, which is the most
there is of a patient. What is searched for: names, address, identifier, telephone number and birth date of each. Where:
configurations, results, drift, deviations, differences of single messages, messages made, de-identified copies (one
batch of all, and of the samples), the trail, the log with everything in it, and every byte of the folder.
"""

import io
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.hl7 import messages, patients
from support.searching import Needles

import holdfast

from .reporting import Trial, conclude, parser, steps

KEY = "0123456789abcdef" * 4
PATIENTS, QUICK = 10_000, 300
_SEARCHED = 300
"""So many of the secrets are also looked for by the search of configurations, but for telephone numbers."""
Shown = Iterator[tuple[str, str]]


def main() -> int:
    options = parser(__doc__ or "").parse_args()
    began, count = time.monotonic(), QUICK if options.quick else PATIENTS
    secrets = [secret for one in patients(count, seed=7) for secret in one.secrets]
    needles = Needles(secret.encode() for secret in secrets)
    trial = Trial(f"{count:,} patients", {"looked for": len(needles)})
    log = _logged()
    with tempfile.TemporaryDirectory() as folder, steps("shown", 11) as step:
        path = Path(folder) / "store.db"
        with holdfast.create(f"sqlite:///{path}", KEY) as store:
            for what, text in _shown(store, count, secrets):
                _look(trial, needles, what, text.encode("utf-8", "surrogateescape"))
                step()
        _look(trial, needles, "the log", log.getvalue().encode())
        _look(trial, needles, "the folder", b"".join(one.read_bytes() for one in path.parent.iterdir()))
    return conclude([trial], as_json=options.json, began=began)


def _look(trial: Trial, needles: Needles, what: str, raw: bytes) -> None:
    trial.figures[f"{what}, bytes"] = f"{len(raw):,}"
    trial.faults += [f"{one!r} is in {what}" for one in needles.found_in(raw)]


def _logged() -> io.StringIO:
    """Everything that any logger says from now on."""
    text = io.StringIO()
    logging.basicConfig(stream=text, level=logging.DEBUG, force=True)
    return text


def _shown(store: holdfast.Store, count: int, secrets: list[str]) -> Shown:
    """What is shown of so many patients: what it is, and the text."""
    root = store.system().identity
    root.create_tenant("acme")
    root.create_user("amina@acme.test", tenant="acme", role="admin")
    me = store.tenant("acme").user("amina@acme.test")
    sent = messages(count, seed=7)
    job = me.interop.analyse(b"".join(sent), vendor="Epic", keep_days=30)
    store.worker().run_due()
    made = me.jobs.get(job.id)
    assert made.status == "done", made.reason
    addresses = [one["address"] for one in (made.result or {})["configurations"]]
    assert len(addresses) == 2, addresses
    yield "the job", str(made) + json.dumps(made.result)
    yield "configurations", json.dumps([me.configurations.read(one).document for one in addresses])
    yield "deviations", str([me.interop.deviations(one) for one in addresses])
    others = b"".join(messages(count, seed=8))
    yield "drift", str([me.interop.drift(one, others) for one in addresses])
    yield "drift of the same patients", str([me.interop.drift(one, b"".join(sent[: count // 2])) for one in addresses])
    yield "differences", _differences(me, addresses, sent)
    yield "messages made", str([me.interop.synthesise(one, 2_000, seed=3) for one in addresses])
    yield "copies", "\r".join(me.interop.deidentify([b"".join(sent)]).messages)
    yield "copies of samples", _copies_of_samples(me)
    yield "hits", str([one for one in _words(secrets) if me.configurations.search(one)])
    yield "the trail", str(_every(me.audit.list))


def _words(secrets: list[str]) -> list[str]:
    """One word of each of some secrets: a search takes any of several, and a house's number is in many places."""
    return [max(one.split(), key=len) for one in secrets[:_SEARCHED] if "-" not in one]


def _differences(me: Any, addresses: list[str], sent: list[bytes]) -> str:
    """Every message against the configuration of the other type of message, and its own, with things out of place."""
    found = []
    for address in addresses:
        check = me.interop.validator(address)
        wrong = b"".join(one.replace(b"|2.5\r", b"|2.6\r").replace(b"^", b"&") for one in sent)
        for source in (b"".join(sent), wrong):
            found += [check(one) for one in check.messages(source)]
    return str(found)


def _copies_of_samples(me: Any) -> str:
    found, copies = 0, []
    for kind in ("ADT^A01", "ORU^R01"):
        after = ""
        while page := me.interop.samples("Epic", kind, after=after, limit=200, deidentified=True):
            copies += [one.content for one in page]
            found, after = found + len(page), page[-1].digest
    assert found == len(copies) > 0, "samples were kept"
    return "\r".join(copies)


def _every(listed: Callable[..., Any]) -> list[Any]:
    found, cursor = [], None
    while True:
        page = listed(limit=200, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


if __name__ == "__main__":
    sys.exit(main())
