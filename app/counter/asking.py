"""Asking Redis: what may be repeated, for how long, and what is said when it was in vain."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis import Redis, RedisError

from counter.breaker import Breaker
from counter.errors import StoreUnavailable, in_words, is_refusal, may_pass
from counter.redis_ways import Way

log = logging.getLogger("counter.store")

MOST_TRIES = 6
FIRST_PAUSE_S = 0.05

Answer = TypeVar("Answer")
Command = Callable[[Redis], Answer]


class Asker:
    """Runs commands on the node that takes changes; safe to use from many threads."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._breaker = Breaker()
        self._reachable: bool | None = None
        self._reachable_lock = threading.Lock()
        self._reached = threading.Event()

    @property
    def reached_once(self) -> bool:
        """True as soon as Redis has answered for the first time."""
        return self._reached.is_set()

    def ask(
        self,
        command: Command[Answer],
        *,
        repeatable: bool,
        patience: float,
        confirm: Callable[[Redis], None] | None = None,
    ) -> Answer:
        """Runs a command, again where it cannot count twice; raises StoreUnavailable.

        No try is begun once `patience` seconds are over. `confirm` runs after the command on the same
        connection, and is never a reason to run the command again.
        """
        with self._breaker.passage():
            return self._ask(command, repeatable, patience, confirm)

    def _ask(
        self,
        command: Command[Answer],
        repeatable: bool,
        patience: float,
        confirm: Callable[[Redis], None] | None,
    ) -> Answer:
        end = time.monotonic() + patience
        named: Redis | None = None
        for tries in range(1, MOST_TRIES + 1):
            redis, sent, done = None, False, False
            try:
                redis = named or self._way.client()
                with redis.client() as session:
                    # A PING if the connection was idle: one that died in silence shows here,
                    # before the command is sent, when trying again is still harmless.
                    session.connection.check_health()
                    if named:
                        session.execute_command("ASKING")
                    sent = True
                    answer = command(session)
                    done = True
                    if confirm:
                        confirm(session)
            except RedisError as error:
                named = self._way.learn(redis, error) if redis else None
                harmless = not done and (repeatable or not sent or is_refusal(error))
                pause = FIRST_PAUSE_S * 2 ** (tries - 2) if tries > 1 else 0.0
                if harmless and may_pass(error) and tries < MOST_TRIES and time.monotonic() + pause < end:
                    time.sleep(pause)
                    continue
                raise self._give_up(error, doubt=not harmless, done=done) from None
            self._note(reachable=True)
            self._breaker.worked()
            return answer
        raise AssertionError("the last try returns or raises")

    def _give_up(self, error: RedisError, *, doubt: bool, done: bool) -> StoreUnavailable:
        reason = in_words(error)
        if may_pass(error):
            self._breaker.failed(reason)
            self._note(reachable=False, reason=reason)
        else:
            # An answer like this one may be right for this command alone; others go on.
            log.error("%s", reason)
        if done:
            return StoreUnavailable(f"{reason}; the change was made, whether it lasts is not known")
        return StoreUnavailable(f"{reason}; whether the change was made is not known" if doubt else reason)

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
