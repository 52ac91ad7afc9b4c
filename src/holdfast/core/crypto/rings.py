"""From a description to a key ring."""

import os
from collections.abc import Mapping

from holdfast.core.crypto.environment import EnvironmentRing
from holdfast.core.crypto.errors import InvalidKeyRing
from holdfast.core.crypto.key_file import FileRing
from holdfast.core.crypto.ring import KeyRing


def open_ring(spec: str) -> KeyRing:
    """The ring that `spec` describes: `NAME:64-HEX-DIGITS[,…]`, `file:/path/keys.json` or `aws-kms:REGION[/NAME]`.

    Raises `InvalidKeyRing`, `UnsafeKeyFile`.
    """
    kind, _, rest = spec.partition(":")
    if kind == "file":
        return FileRing(rest)
    if kind == "aws-kms":
        return _aws_kms(rest)
    return EnvironmentRing(spec)


def _aws_kms(spec: str) -> KeyRing:
    try:
        from holdfast.core.crypto.kms import AwsKms
    except ImportError as error:
        raise InvalidKeyRing("aws-kms needs the extra holdfast[aws]") from error
    return AwsKms.from_spec(spec)


def find_ring(keys: KeyRing | str | None, environment: Mapping[str, str] = os.environ) -> KeyRing | None:
    """The ring given, or the one that HOLDFAST_KEYRING describes, or None."""
    chosen = environment.get("HOLDFAST_KEYRING") if keys is None else keys
    return open_ring(chosen) if isinstance(chosen, str) else chosen
