"""While Redis is away, one request at a time finds out: the others must not wait for the same answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from counter.errors import StoreUnavailable

CLOSES_AFTER = 4
"""So many requests in a row must have failed."""


class Breaker:
    """Keeps a long outage from taking every thread of the server, and with them the checks that it is alive."""

    def __init__(self) -> None:
        self._failures = 0
        self._reason = ""
        self._scout = threading.Lock()

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Lets the request through, or raises StoreUnavailable where another is already finding out."""
        if self._failures < CLOSES_AFTER:
            yield
            return
        if not self._scout.acquire(blocking=False):
            raise StoreUnavailable(self._reason)
        try:
            yield
        finally:
            self._scout.release()

    def worked(self) -> None:
        """Redis did what was asked."""
        self._failures = 0

    def failed(self, reason: str) -> None:
        """It did not; `reason` is what those are told who are not let through."""
        self._reason = reason
        self._failures += 1
