"""`holdfast interop listen` killed while engines send: nothing that was acknowledged is lost, nothing counted twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.hl7 import messages

import holdfast
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.spool import Spool, parts

KEY = "0123456789abcdef" * 4


def _talk(port: int, some: list[bytes], heard: list[str]) -> None:
    """Sends one after another and notes the control ids of those acknowledged, until the other side is gone."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as engine:
        held = b""
        for raw in some:
            try:
                engine.sendall(b"\x0b" + raw + b"\x1c\r")
                while b"\x1c\r" not in held:
                    chunk = engine.recv(4096)
                    if not chunk:
                        return
                    held += chunk
            except ConnectionError:
                return
            block, _, held = held.partition(b"\x1c\r")
            _, answer, number = block.split(b"\r")[1].split(b"|")[:3]
            assert answer == b"AA"
            heard.append(number.decode())


def _killed(
    sent: Sequence[bytes], least: int, *, spool: Path, before: Sequence[str] = (), more: Sequence[str] = ()
) -> set[str]:
    """The control ids that were acknowledged until the command was killed, which is after so many, or after all."""
    main = "from holdfast.faces.cli import main; main()"
    command = [sys.executable, "-c", main, *before, "interop", "listen", "--spool", str(spool), "--port", "0", "--json"]
    environment = os.environ | {"HOLDFAST_KEY": KEY, "HOLDFAST_JOB_LEASE_SECONDS": "1"}
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        told = b""
        while not told.endswith(b"}\n"):
            line = process.stdout.readline()
            assert line, "it ended before it listened"
            told += line
        heard = [[], [], [], []]  # type: ignore[var-annotated]
        talkers = [
            threading.Thread(target=_talk, args=(json.loads(told)["port"], sent[at::4], heard[at])) for at in range(4)
        ]
        for one in talkers:
            one.start()
        while sum(map(len, heard)) < least and any(one.is_alive() for one in talkers):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        for one in talkers:
            one.join()
    return {number for some in heard for number in some}


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    spool = tmp_path / "in.hl7"
    acknowledged = _killed(messages(1_500), 40, spool=spool)
    stored = {one.control_id for one in read(spool) if isinstance(one, Message)}
    assert len(acknowledged) >= 40
    assert acknowledged <= stored


@pytest.mark.thorough
def test_what_was_received_is_counted_once_though_the_command_is_killed_while_it_hands_on(tmp_path: Path) -> None:
    spool, url = tmp_path / "in.hl7", f"sqlite:///{tmp_path / 'store.db'}"
    with holdfast.create(url, KEY) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme", role="admin")
    before = ("--store", url, "--tenant", "acme", "--user", "amina@acme.test")
    more = ("--vendor", "Epic", "--keep-days", "3", "--every", "0.1")
    sent, acknowledged = messages(6_000), set[str]()
    for life, least in enumerate((30, 150, 400)):
        acknowledged |= _killed(sent[life * 2_000 : (life + 1) * 2_000], least, spool=spool, before=before, more=more)
    with holdfast.open(url, KEY) as store:
        me = store.tenant("acme").user("amina@acme.test")
        with Spool(spool) as left:
            left.cut()
        me.interop.drain(spool, vendor="Epic", keep_days=3)
        jobs = _all_done(store, me)
        kept = [one for kind in ("ADT^A01", "ORU^R01") for one in _samples(me, kind)]
    counted = [job.result for job in jobs]
    assert len(counted) >= 3, "it was killed between analyses"
    assert sum(one["messages"] for one in counted) == sum(one["new"] + one["unreadable"] for one in counted)
    assert acknowledged <= {next(iter(read(raw))).control_id for raw in kept}  # type: ignore[union-attr]  # as kept
    assert sum(one["new"] for one in counted) == len(kept)
    assert (parts(spool), spool.read_bytes()) == ([], b"")


def _all_done(store: holdfast.Store, me: Any) -> list[Any]:
    """The analyses, when none is left: those of a killed command are taken up as soon as its leases are over."""
    until = time.monotonic() + 60
    while True:
        store.worker().run_due()
        jobs = me.jobs.list(kind="interop.analyse", limit=200).items
        if all(job.status == "done" for job in jobs):
            return list(jobs)
        assert time.monotonic() < until, [job.status for job in jobs]
        time.sleep(0.05)


def _samples(me: Any, kind: str) -> list[bytes]:
    found, after = list[bytes](), ""
    while page := me.interop.samples("Epic", kind, after=after, limit=200):
        found += [one.content.encode("utf-8", "surrogateescape") for one in page]
        after = page[-1].digest
    return found
