"""The counter in Redis: atomic changes, quick failures, recovery without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from counter.settings import Settings

log = logging.getLogger("counter.store")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
PING_AFTER_IDLE_S = 10

Answer = TypeVar("Answer")


class StoreUnavailable(Exception):
    """Redis did not do what was asked; the message says why, in words for a user."""


class CounterStore:
    """One counter under one key; safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.key
        self._reachable: bool | None = None
        self._reachable_lock = threading.Lock()
        self._reached = threading.Event()
        self._redis = Redis(
            host=settings.redis_host,
            port=settings.redis_port,
            password=settings.redis_password,
            socket_timeout=settings.redis_timeout,
            socket_connect_timeout=settings.redis_timeout,
            health_check_interval=PING_AFTER_IDLE_S,
            decode_responses=True,
            # Newer redis-py repeats commands by itself. A repeated INCR whose first answer was
            # lost would count twice, so repeating is decided in _ask alone.
            retry=Retry(NoBackoff(), 0),
        )

    @property
    def reached_once(self) -> bool:
        """True as soon as Redis has answered for the first time."""
        return self._reached.is_set()

    def ping(self) -> None:
        """Returns when Redis answers; raises StoreUnavailable when it does not."""
        self._ask(lambda redis: redis.ping(), repeatable=True)

    def value(self) -> int:
        """The count; 0 when nobody has counted yet."""
        text = self._ask(lambda redis: redis.get(self._key), repeatable=True)
        try:
            return int(text or 0)
        except ValueError:
            raise StoreUnavailable(
                f"the Redis key {self._key!r} holds no number; POST /api/counter/reset mends it"
            ) from None

    def increment(self) -> int:
        """Adds one and returns the new count."""
        return self._ask(lambda redis: int(redis.incr(self._key)), repeatable=False)

    def decrement(self) -> int:
        """Takes one away and returns the new count."""
        return self._ask(lambda redis: int(redis.decr(self._key)), repeatable=False)

    def reset(self) -> int:
        """Sets the count to 0 and returns it."""
        self._ask(lambda redis: redis.set(self._key, 0), repeatable=True)
        return 0

    def wait_until_reached(self) -> None:
        """Tries until Redis answers, with longer and longer pauses; says so in the log."""
        pause = FIRST_PAUSE_S
        while not self.reached_once:
            try:
                self.ping()
            except StoreUnavailable as error:
                log.warning("waiting for Redis, next try in %.1f s: %s", pause, error)
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def _ask(self, command: Callable[[Redis], Answer], *, repeatable: bool) -> Answer:
        """Runs a command on one connection; a second try only where it cannot count twice."""
        may_try_again = True
        while True:
            sent = False
            try:
                with self._redis.client() as session:
                    # A PING if the connection was idle: one that died in silence shows here,
                    # before the command is sent, when trying again is still harmless.
                    session.connection.check_health()
                    sent = True
                    answer = command(session)
            except (RedisConnectionError, RedisTimeoutError) as error:
                if may_try_again and (repeatable or not sent):
                    may_try_again = False
                    continue
                unsure = sent and not repeatable
                doubt = "; whether the change was made is not known" if unsure else ""
                reason = f"Redis is away: {error}{doubt}"
                self._note(reachable=False, reason=reason)
                raise StoreUnavailable(reason) from None
            except RedisError as error:
                log.error("Redis refused a command: %s", error)
                raise StoreUnavailable(f"Redis refused: {error}") from None
            self._note(reachable=True)
            return answer

    def _note(self, *, reachable: bool, reason: str = "") -> None:
        """Logs when Redis goes and when it comes back, not every failure in between."""
        if reachable:
            self._reached.set()
        with self._reachable_lock:
            before, self._reachable = self._reachable, reachable
        if reachable and not before:
            log.info("Redis answers")
        if not reachable and before:
            log.error("lost Redis: %s", reason)
