"""Messages that others wrote, from the folder that HOLDFAST_TEST_DATA names."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.domains.interop import fhir, ncpdp
from holdfast.domains.interop.deviations import deviations
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.hl7 import Message, Problem, read
from holdfast.domains.interop.hl7.reading import pieces_of
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, shown
from holdfast.domains.interop.profiles.standards import Standard
from holdfast.domains.interop.trees import TreePiece

_DATA = os.environ.get("HOLDFAST_TEST_DATA")
_FILES = (
    sorted((Path(_DATA) / "hl7v2").rglob("*.*hl7")) + sorted((Path(_DATA) / "hl7v2").rglob("*.out")) if _DATA else []
)
_KEY = ProfileKey(b"profiles of real samples")


if _FILES:

    @pytest.mark.realdata
    @pytest.mark.parametrize("path", _FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
    def test_a_real_sample_goes_through_and_comes_back(path: Path) -> None:
        found = list(read(path))
        assert b"".join(piece.raw for piece in pieces_of(path)) == path.read_bytes()
        for one in found:
            assert isinstance(one, Problem) or one.write() == one.raw
        messages = [one for one in found if isinstance(one, Message)]
        assert messages or "malformed" in path.parts
        profile = profile_messages(path, _KEY)
        assert profile.messages == len({one.raw.rstrip(b"\r\n") for one in messages})
        assert Profile.from_bytes(profile.to_bytes(), _KEY).to_bytes() == profile.to_bytes()

    @pytest.mark.realdata
    def test_all_real_samples_together() -> None:
        profile = profile_messages(_FILES, _KEY)
        assert profile.messages > 1_200
        document = shown(profile)["ORU^R01 2.3"]
        assert document["segments"]["PID"]["share"]["of"] == 1.0
        assert "HL70001" in str(document["segments"]["PID"]["fields"]["8"]["parts"]["1.1"]["table"])

    @pytest.mark.realdata
    @pytest.mark.parametrize(
        ("standard", "pieces", "pattern", "messages"),
        [
            ("FHIR", fhir.pieces_of, "fhir/**/*.json", 864),
            ("NCPDP-SCRIPT", ncpdp.script_pieces, "ncpdp/**/*.xml", 16),
            ("NCPDP-Telecom", ncpdp.telecom_pieces, "ncpdp/**/*.ncpdp", 1),
        ],
    )
    def test_samples_of_the_other_standards(
        standard: Standard, pieces: Callable[[Path], Iterator[TreePiece]], pattern: str, messages: int
    ) -> None:
        files = sorted(Path(_DATA or "").glob(pattern))
        for path in files:
            found = list(pieces(path))
            assert b"".join(piece.raw for piece in found) == path.read_bytes()
            assert [piece.problems for piece in found if piece.problems] == []
        profile = profile_messages(files, _KEY, standard=standard)
        assert (profile.messages, profile.unreadable) == (messages, {})
        assert Profile.from_bytes(profile.to_bytes(), _KEY).to_bytes() == profile.to_bytes()
        assert set(deviations(profile)) == set(shown(profile)) == set(profile.types)
        assert all(inferred(document).standard == standard for document in documents(profile, vendor="V").values())
