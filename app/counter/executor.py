"""Runs commands on Redis: which may be repeated, for how long, and the error of a failed one."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis import Redis, RedisError

from counter.breaker import Breaker
from counter.errors import StoreUnavailable, is_refusal, is_transient, user_message
from counter.redis_topology import Topology

log = logging.getLogger("counter.store")

MAX_ATTEMPTS = 6
FIRST_PAUSE_S = 0.05

Answer = TypeVar("Answer")
Command = Callable[[Redis], Answer]


class CommandExecutor:
    """Runs commands on the master. Thread-safe."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._breaker = Breaker()
        self._reachable: bool | None = None
        self._reachable_lock = threading.Lock()
        self._reached = threading.Event()

    @property
    def reached_once(self) -> bool:
        """Whether Redis has answered once."""
        return self._reached.is_set()

    def run(
        self,
        command: Command[Answer],
        *,
        retryable: bool,
        time_limit: float,
        confirm: Callable[[Redis], None] | None = None,
    ) -> Answer:
        """Runs a command, and repeats it if it cannot have been executed. Raises StoreUnavailable.

        After `time_limit` seconds, no attempt is started. `confirm` runs after the command on the same
        connection; its failure never repeats the command.
        """
        with self._breaker.attempt():
            return self._run(command, retryable, time_limit, confirm)

    def _run(
        self,
        command: Command[Answer],
        retryable: bool,
        time_limit: float,
        confirm: Callable[[Redis], None] | None,
    ) -> Answer:
        end = time.monotonic() + time_limit
        named: Redis | None = None
        for attempt in range(1, MAX_ATTEMPTS + 1):
            redis, sent, done = None, False, False
            try:
                redis = named or self._topology.client()
                with redis.client() as session:
                    # A PING on an idle connection: a dead one is noticed before the command is sent, so that
                    # the command can be repeated.
                    session.connection.check_health()
                    if named:
                        session.execute_command("ASKING")
                    sent = True
                    answer = command(session)
                    done = True
                    if confirm:
                        confirm(session)
            except RedisError as error:
                named = self._topology.handle_error(redis, error) if redis else None
                can_retry = not done and (retryable or not sent or is_refusal(error))
                pause = FIRST_PAUSE_S * 2 ** (attempt - 2) if attempt > 1 else 0.0
                if can_retry and is_transient(error) and attempt < MAX_ATTEMPTS and time.monotonic() + pause < end:
                    time.sleep(pause)
                    continue
                raise self._give_up(error, unknown=not can_retry, done=done) from None
            self._note(reachable=True)
            self._breaker.record_success()
            return answer
        raise AssertionError("the last attempt returns or raises")

    def _give_up(self, error: RedisError, *, unknown: bool, done: bool) -> StoreUnavailable:
        reason = user_message(error)
        if is_transient(error):
            self._breaker.record_failure(reason)
            self._note(reachable=False, reason=reason)
        else:
            # The error may concern this command only, so it does not count for the breaker.
            log.error("%s", reason)
        if done:
            return StoreUnavailable(f"{reason}; the change was made, whether it lasts is not known")
        return StoreUnavailable(f"{reason}; whether the change was made is not known" if unknown else reason)

    def _note(self, *, reachable: bool, reason: str = "") -> None:
        """Logs when Redis becomes unavailable and available, not each failure in between."""
        if reachable:
            self._reached.set()
        with self._reachable_lock:
            before, self._reachable = self._reachable, reachable
        if reachable and not before:
            log.info("Redis is available")
        if not reachable and before:
            log.error("lost Redis: %s", reason)
