"""10,000 synthetic patients are analysed: nothing of any of them is in a configuration, a result or the file itself.

`uv run python -m tests.campaigns.privacy [--quick]`: on an encrypted SQLite file with samples kept, which is the most
there is of a patient. What is searched for: names, address, identifier, telephone number and birth date of each.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from support.hl7 import messages, patients

import holdfast

from .reporting import Trial, conclude, parser

KEY = "0123456789abcdef" * 4


def main() -> int:
    options = parser(__doc__ or "").parse_args()
    began, count = time.monotonic(), 500 if options.quick else 10_000
    trial = Trial(f"{count:,} patients")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with holdfast.create(f"sqlite:///{path}", KEY) as store:
            root = store.system().identity
            root.create_tenant("acme")
            root.create_user("amina@acme.test", tenant="acme", role="admin")
            me = store.tenant("acme").user("amina@acme.test")
            job = me.interop.analyse(b"".join(messages(count, seed=7)), vendor="Epic", keep_days=30)
            store.worker().run_due()
            made = me.jobs.get(job.id)
            addresses = [one["address"] for one in (made.result or {}).get("configurations", [])]
            written = json.dumps([me.configurations.read(one).document for one in addresses]) + str(made)
            written += str([me.interop.deviations(one) for one in addresses])
            written += str([me.interop.drift(one, messages(count, seed=8)) for one in addresses])
        raw = b"".join(one.read_bytes() for one in path.parent.iterdir())
    secrets = [secret for one in patients(count, seed=7) for secret in one.secrets]
    trial.faults = [f"{one!r} is in what is shown" for one in secrets if one in written]
    trial.faults += [f"{one!r} is in the file" for one in secrets if one.encode() in raw]
    trial.faults += [] if len(addresses) == 2 else [f"the analysis is {made.status}: {made.reason}"]
    trial.figures = {"looked for": len(secrets), "shown, characters": len(written), "file, bytes": len(raw)}
    return conclude([trial], as_json=options.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
