"""What a refusal looks like: a named error, with its code and its text."""

from collections.abc import Callable
from typing import Any

import pytest

from holdfast import HoldfastError


def refused(code: str, says: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Check that the call raises an error of `code` whose text matches `says`; returns the text."""
    with pytest.raises(HoldfastError, match=says or None) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)
