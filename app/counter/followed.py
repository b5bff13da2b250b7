"""Which node takes changes now: known until it proves wrong, then looked up once for all threads."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis

from counter.errors import MasterUnknown
from counter.redis_options import drop_idle
from counter.redis_settings import Address

log = logging.getLogger("counter.redis")


class FollowedMaster:
    """The client of the node that takes changes; safe to use from many threads.

    `find` says its address or raises MasterUnknown; `connect` makes a client of an address.
    """

    def __init__(self, find: Callable[[], Address], connect: Callable[[Address], Redis]) -> None:
        self._find = find
        self._connect = connect
        self._known: Redis | None = None
        self._last: tuple[Address, Redis] | None = None
        self._failure: tuple[float, MasterUnknown] | None = None
        self._lock = threading.Lock()

    @property
    def last_address(self) -> Address | None:
        """Where it was last, if ever it was found."""
        return self._last[0] if self._last else None

    def client(self) -> Redis:
        """Its client; looked up where it is not known. Raises MasterUnknown."""
        known = self._known
        if known is not None:
            return known
        asked = time.monotonic()
        with self._lock:
            if self._known is not None:
                return self._known
            # Looked up in vain by another thread while this one waited: once is enough for both,
            # or they would stand in a queue, each with all the time limits of a look-up.
            if self._failure and self._failure[0] > asked:
                raise self._failure[1]
            return self._look_up()

    def forget(self, redis: Redis) -> None:
        """This client's node failed or takes no changes: the next request looks it up."""
        drop_idle(redis)
        with self._lock:
            # Another thread may have found the next one by now.
            if self._known is redis:
                self._known = None

    def is_at(self, address: Address) -> Redis:
        """Redis itself named the address; returns the client of it."""
        with self._lock:
            return self._take(address)

    def refresh(self) -> None:
        """Looks it up although it is known. Raises MasterUnknown; what was known stays so then."""
        with self._lock:
            self._look_up()

    def _look_up(self) -> Redis:
        try:
            return self._take(self._find())
        except MasterUnknown as error:
            self._failure = (time.monotonic(), error)
            raise

    def _take(self, address: Address) -> Redis:
        if self._last is None or self._last[0] != address:
            before, self._last = self._last, (address, self._connect(address))
            if before:
                log.warning("the master is now %s:%d, was %s:%d", *address, *before[0])
                drop_idle(before[1])
        self._known = self._last[1]
        return self._known
