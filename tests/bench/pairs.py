"""Two servers measured by turns, A B A B within about a second, so that both
have the same machine: what one did over what the other did beside it."""

import math
import statistics

CONFIDENCE = 0.95


def number(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def interval(values):
    """(low, high), which hold the median in 95 % of cases, whatever the
    distribution is: the k-th smallest and the k-th largest value, where k comes
    from the binomial distribution.  None for fewer than 6 values."""
    n, rank, outside = len(values), 0, 0
    while True:
        outside += 2 * math.comb(n, rank) / 2 ** n
        if outside > 1 - CONFIDENCE:
            break
        rank += 1
    if rank == 0:
        return None
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]


def says(values):
    """Median, its interval, and all there was."""
    low_high = interval(values)
    sure = "{} to {}; ".format(*map(number, low_high)) if low_high else ""
    return (f"{number(statistics.median(values))} ({sure}all "
            f"{number(min(values))} to {number(max(values))})")


def verdict(values, wanted, words=("below", "above")):
    """Where the median lies of wanted: one of words, or that this was not
    decided, because the interval covers it."""
    low_high = interval(values)
    if low_high is None or low_high[0] < wanted < low_high[1]:
        return "not decided"
    return words[0] if low_high[1] <= wanted else words[1]
