"""Acknowledgements: MSH the other way round, and MSA with the control id of the message.

A message without MSH-15 and 16 has one, of the original mode. With one of them it asks for accept acknowledgements
(MSH-15, from whoever keeps it safe) and application acknowledgements (MSH-16, from whoever takes it over): always (AL),
never (NE, and where one of the two is empty), on errors (ER) or on success (SU).
"""

from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from .hl7 import Message

Answer = Literal["AA", "AE", "AR", "CA", "CE", "CR"]
Outcome = Literal["stored", "failed", "rejected"]
_ORIGINAL: dict[Outcome, Answer] = {"stored": "AA", "failed": "AE", "rejected": "AR"}
_ACCEPT: dict[Outcome, Answer] = {"stored": "CA", "failed": "CE", "rejected": "CR"}


def answers(message: Message | None, outcome: Outcome) -> list[Answer]:
    """Those that a message asks for. What is not accepted is not taken over, so that it has one acknowledgement."""
    asked = [] if message is None else [(message.header + [""] * 16)[at].strip().upper() for at in (14, 15)]
    if not any(asked):
        return [_ORIGINAL[outcome]]
    accept = [_ACCEPT[outcome]] if _is_asked(asked[0], outcome) else []
    if accept and outcome != "stored":
        return accept
    return accept + ([_ORIGINAL[outcome]] if _is_asked(asked[1], outcome) else [])


def _is_asked(condition: str, outcome: Outcome) -> bool:
    return condition == "AL" or condition == ("SU" if outcome == "stored" else "ER")


def acknowledge(message: Message | None, answer: Answer, reason: str = "") -> bytes:
    """The acknowledgement of a message, in its delimiters, version and character set.

    `message` None: one that could not be read; then in the standard's. `reason`: for MSA-3, without delimiters.
    """
    if message is None:
        return _written("|", "|^~\\&", ["", "", "", ""], "", "", "P", "2.5", answer, reason).encode("ascii")
    separator = message.delimiters.field
    header = message.header + [""] * 20
    event = message.type.partition("^")[2]
    sent = header[4:6] + header[2:4]
    text = _written(
        separator,
        message.delimiters.declared,
        sent,
        f"{message.delimiters.component}{event}" if event else "",
        message.control_id,
        header[10] or "P",
        header[11] or "2.5",
        answer,
        reason,
    )
    return text.encode(message.codec, "surrogateescape")


def _written(
    separator: str,
    declared: str,
    sent: list[str],
    event: str,
    control_id: str,
    processing: str,
    version: str,
    answer: Answer,
    reason: str,
) -> str:
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    header = [f"MSH{declared}", *sent, now, "", f"ACK{event}", uuid4().hex[:20], processing, version]
    told = ["MSA", answer, control_id] + ([reason] if reason else [])
    return separator.join(header) + "\r" + separator.join(told) + "\r"
