"""A long outage: one request finds out, the others are told at once."""

import pytest

from counter.breaker import CLOSES_AFTER, Breaker
from counter.errors import StoreUnavailable


def test_after_some_failures_one_at_a_time_is_let_through() -> None:
    breaker = Breaker()
    for number in range(CLOSES_AFTER):
        with breaker.passage(), breaker.passage():
            breaker.failed(f"away {number}")
    with breaker.passage():
        with pytest.raises(StoreUnavailable, match=f"away {CLOSES_AFTER - 1}"), breaker.passage():
            pass
    with breaker.passage():  # free again when the one has ended, also without success
        breaker.worked()
    with breaker.passage(), breaker.passage():
        pass
