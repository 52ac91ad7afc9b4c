"""`holdfast interop listen` killed while engines send: nothing that was acknowledged is lost."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from support.hl7 import messages

from holdfast.domains.interop.hl7 import Message, read


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


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    spool = tmp_path / "in.hl7"
    main = "from holdfast.faces.cli import main; main()"
    command = [sys.executable, "-c", main, "interop", "listen", "--spool", str(spool), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = b""
        while not told.endswith(b"}\n"):
            line = process.stdout.readline()
            assert line, "it ended before it listened"
            told += line
        sent, heard = messages(1_500), [[], [], [], []]  # type: ignore[var-annotated]
        talkers = [
            threading.Thread(target=_talk, args=(json.loads(told)["port"], sent[at::4], heard[at])) for at in range(4)
        ]
        for one in talkers:
            one.start()
        while sum(map(len, heard)) < 40 and any(one.is_alive() for one in talkers):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        for one in talkers:
            one.join()
    acknowledged = {number for some in heard for number in some}
    stored = {one.control_id for one in read(spool) if isinstance(one, Message)}
    assert len(acknowledged) >= 40
    assert acknowledged <= stored
