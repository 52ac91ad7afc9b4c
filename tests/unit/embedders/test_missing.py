"""Embedders whose library is not installed say what to install."""

import sys

import pytest

from holdfast.core.embedders import EmbedderMissing, embedder_from
from holdfast.core.settings import Settings


@pytest.mark.parametrize(
    ("provider", "module"),
    [("fastembed", "fastembed"), ("sentence-transformers", "sentence_transformers"), ("wordllama", "wordllama")],
)
def test_without_its_library_an_embedder_says_what_to_install(provider, module, monkeypatch):
    monkeypatch.delitem(sys.modules, f"holdfast.core.embedders.{module}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EmbedderMissing, match=rf"pip install 'holdfast\[{provider}\]'") as caught:
        embedder_from(f"{provider}:any/model", settings=Settings())
    assert caught.value.code == "embedder_missing"
