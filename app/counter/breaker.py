"""A circuit breaker: while Redis is unavailable, one request at a time tries it, and the others fail at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from counter.errors import StoreUnavailable

OPENS_AFTER = 4
"""Failures in a row that open the breaker."""


class Breaker:
    """Keeps threads free during an outage, also for health checks."""

    def __init__(self) -> None:
        self._failures = 0
        self._reason = ""
        self._probe_lock = threading.Lock()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Lets the request through, or raises StoreUnavailable if the breaker is open and another request tries."""
        if self._failures < OPENS_AFTER:
            yield
            return
        if not self._probe_lock.acquire(blocking=False):
            raise StoreUnavailable(self._reason)
        try:
            yield
        finally:
            self._probe_lock.release()

    def record_success(self) -> None:
        """Closes the breaker."""
        self._failures = 0

    def record_failure(self, reason: str) -> None:
        """Counts a failure; `reason` is the error of requests that are not let through."""
        self._reason = reason
        self._failures += 1
