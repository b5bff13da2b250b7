"""The client of the current master, cached until it fails; one thread then looks up the next one."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis

from counter.errors import MasterUnknown
from counter.redis_options import drop_idle
from counter.redis_settings import Address

log = logging.getLogger("counter.redis")


class MasterClient:
    """The client of the master. Thread-safe.

    `find` returns its address or raises MasterUnknown; `connect` creates a client.
    """

    def __init__(self, find: Callable[[], Address], connect: Callable[[Address], Redis]) -> None:
        self._find = find
        self._connect = connect
        self._current: Redis | None = None
        self._last: tuple[Address, Redis] | None = None
        self._failure: tuple[float, MasterUnknown] | None = None
        self._lock = threading.Lock()

    @property
    def last_address(self) -> Address | None:
        """The last known address, if any."""
        return self._last[0] if self._last else None

    def client(self) -> Redis:
        """The client; looks up the master if it is unknown. Raises MasterUnknown."""
        current = self._current
        if current is not None:
            return current
        started = time.monotonic()
        with self._lock:
            if self._current is not None:
                return self._current
            # Another thread's look-up failed while this one waited. Without this, threads would queue
            # up for look-ups, each with all its timeouts.
            if self._failure and self._failure[0] > started:
                raise self._failure[1]
            return self._look_up()

    def invalidate(self, redis: Redis) -> None:
        """After a failure of this client: the next request looks up the master."""
        drop_idle(redis)
        with self._lock:
            # Another thread may have found the new master.
            if self._current is redis:
                self._current = None

    def switch_to(self, address: Address) -> Redis:
        """Switches to the address that Redis named. Returns its client."""
        with self._lock:
            return self._use(address)

    def refresh(self) -> None:
        """Looks up the master again. Raises MasterUnknown and keeps the current one then."""
        with self._lock:
            self._look_up()

    def _look_up(self) -> Redis:
        try:
            return self._use(self._find())
        except MasterUnknown as error:
            self._failure = (time.monotonic(), error)
            raise

    def _use(self, address: Address) -> Redis:
        if self._last is None or self._last[0] != address:
            before, self._last = self._last, (address, self._connect(address))
            if before:
                log.warning("the master is now %s:%d, was %s:%d", *address, *before[0])
                drop_idle(before[1])
        self._current = self._last[1]
        return self._current
