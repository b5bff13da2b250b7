"""A long outage: one request finds out, the others are told at once."""

import pytest

from counter.breaker import OPENS_AFTER, Breaker
from counter.errors import StoreUnavailable


def test_after_some_failures_one_at_a_time_is_let_through() -> None:
    breaker = Breaker()
    for number in range(OPENS_AFTER):
        with breaker.attempt(), breaker.attempt():
            breaker.record_failure(f"away {number}")
    with breaker.attempt():
        with pytest.raises(StoreUnavailable, match=f"away {OPENS_AFTER - 1}"), breaker.attempt():
            pass
    with breaker.attempt():  # free again when the one has ended, also without success
        breaker.record_success()
    with breaker.attempt(), breaker.attempt():
        pass
