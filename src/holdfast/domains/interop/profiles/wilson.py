"""How sure a share is that was counted: Wilson's interval of 95 %."""

from math import sqrt

_Z = 1.959963984540054


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The interval around `part` of `whole`, each end rounded to four digits; (0, 1) when nothing was counted.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    if whole == 0:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z / whole
    middle = (share + square / 2) / (1 + square)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    low = 0.0 if part == 0 else middle - spread
    high = 1.0 if part == whole else middle + spread
    return round(max(low, 0.0), 4), round(min(high, 1.0), 4)
