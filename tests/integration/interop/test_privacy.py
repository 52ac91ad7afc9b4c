"""Nothing of a patient is in any configuration, log, line of the trail or index, nor readable in the file.

The campaign does the same with 10,000: `uv run python -m tests.campaigns.privacy`.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.hl7 import messages, patients

import holdfast

COUNT, SEED = 200, 77
SECRETS = [secret for one in patients(COUNT, seed=SEED) for secret in one.secrets]


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_nothing_of_a_patient_leaves_an_analysis(
    sync_store: holdfast.Store, place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    me = sync_store.tenant("acme").user("ada@acme.test")
    job = me.interop.analyse(b"".join(messages(COUNT, seed=SEED)), vendor="Epic", keep_days=30)
    sync_store.worker().run_due()
    made = me.jobs.get(job.id)
    assert made.status == "done", made.reason
    addresses = [one["address"] for one in made.result["configurations"]]
    told = [json.dumps(me.configurations.read(one).document) for one in addresses]
    told += [json.dumps(made.result), str(made), repr(me.interop.samples("Epic", "ADT^A01"))]
    told += [
        str(me.interop.drift(one["address"], b"".join(messages(COUNT, seed=5))))
        for one in made.result["configurations"]
    ]
    told += [str(me.interop.deviations(one["address"])) for one in made.result["configurations"]]
    told += [str(line) for line in me.audit.list(limit=200).items]
    told.append(caplog.text)
    assert found_in("\n".join(told)) == []
    hits = [one for one in SECRETS[:60] if me.configurations.search(one)]
    assert hits == []
    assert len(me.interop.samples("Epic", "ADT^A01", limit=200)) == COUNT // 2
    if place.url.startswith("sqlite"):
        path = Path(place.url.removeprefix("sqlite:///"))
        raw = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*") if one.is_file())
        assert [one for one in SECRETS if one.encode() in raw] == []


def test_a_refused_message_is_not_repeated(sync_store: holdfast.Store, caplog: pytest.LogCaptureFixture) -> None:
    me = sync_store.tenant("acme").user("ada@acme.test")
    job = me.interop.analyse(b"MSH|^~\\&|Smithers\rPID|1||Smithers\rsmithers", vendor="Epic")
    sync_store.worker().run_due()
    assert "smithers" not in (str(me.jobs.get(job.id)) + caplog.text).lower()
    with pytest.raises(holdfast.HoldfastError) as refused:
        me.interop.validate("Epic/HL7v2/none", "Smithers")
    assert "Smithers" not in str(refused.value)
