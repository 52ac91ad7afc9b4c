"""What a refusal looks like in a test."""

from collections.abc import Callable
from typing import Any

import pytest

from holdfast import HoldfastError


def refused(code: str, call: Callable[..., object], /, *args: Any, **kwargs: Any) -> str:
    """The text of the error that a call ends in, which has this code."""
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)
