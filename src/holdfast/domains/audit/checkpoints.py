"""Checkpoints: how far a chain has come, signed with a key that only the key ring gives."""

from dataclasses import asdict
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.core.clock import as_utc
from holdfast.core.database.types import dump_json
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.domains.audit.errors import CheckpointNotValid
from holdfast.domains.audit.models import Checkpoint, Seal


def sign(key: bytes, tenant_id: object, seal: Seal, moment: datetime) -> Checkpoint:
    """A checkpoint at a seal."""
    private = _signing_key(key)
    said = Checkpoint(
        tenant_id=tenant_id,  # type: ignore[arg-type]  # the scope's
        number=seal.number,
        events=seal.events,
        hash=seal.hash,
        at=moment,
        public_key=private.public_key().public_bytes_raw().hex(),
        signature="",
    )
    return Checkpoint(**{**asdict(said), "signature": private.sign(_text(said)).hex()})


def check(checkpoint: Checkpoint, tenant_id: object, key: bytes | None) -> None:
    """Raise `CheckpointNotValid` unless it is of this tenant and signed: with this store's key, where there is one."""
    if checkpoint.tenant_id != tenant_id:
        raise CheckpointNotValid("it is of another tenant")
    if key is not None and checkpoint.public_key != _signing_key(key).public_key().public_bytes_raw().hex():
        raise CheckpointNotValid("it was signed with the key of another store")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
        public.verify(bytes.fromhex(checkpoint.signature), _text(checkpoint))
    except (InvalidSignature, ValueError) as error:
        raise CheckpointNotValid("its signature does not match what it says") from error


def from_document(document: object) -> Checkpoint:
    """The checkpoint that a JSON object spells, as the faces show one. Raises `CheckpointNotValid`."""
    if not isinstance(document, dict) or set(document) != set(Checkpoint.__dataclass_fields__):
        raise CheckpointNotValid("it lacks a field, or has one too many")
    try:
        return Checkpoint(
            **{
                **document,
                "tenant_id": as_id(document["tenant_id"], field="checkpoint"),
                "at": as_utc(datetime.fromisoformat(document["at"]), field="checkpoint"),
            }
        )
    except (InvalidInput, ValueError, TypeError) as error:
        raise CheckpointNotValid("a field of it is damaged") from error


def _text(checkpoint: Checkpoint) -> bytes:
    said = {name: str(value) for name, value in asdict(checkpoint).items() if name not in ("signature", "at")}
    return dump_json({**said, "at": checkpoint.at.isoformat()}).encode()


def _signing_key(key: bytes) -> Ed25519PrivateKey:
    seed = HKDF(SHA256(), 32, None, b"holdfast audit checkpoint").derive(key)
    return Ed25519PrivateKey.from_private_bytes(seed)
