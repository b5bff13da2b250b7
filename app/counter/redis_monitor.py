"""A background thread: waits for Redis at the start, then looks for a new master every second."""

import logging
import threading
import time

from redis import RedisError

from counter.executor import CommandExecutor
from counter.errors import StoreUnavailable
from counter.redis_topology import Topology

log = logging.getLogger("counter.store")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
REFRESH_INTERVAL_S = 1.0


def start_monitor(topology: Topology, executor: CommandExecutor, timeout: float) -> None:
    """Starts the thread, which ends with the process. `timeout` of an answer in seconds."""

    def run() -> None:
        _wait_until_reached(executor, timeout)
        while True:
            time.sleep(REFRESH_INTERVAL_S)
            try:
                topology.refresh()
            except RedisError as error:
                # Requests report it.
                log.debug("cannot look for the master: %s", error)

    threading.Thread(target=run, name="redis-watch", daemon=True).start()


def _wait_until_reached(executor: CommandExecutor, timeout: float) -> None:
    """Retries with growing pauses until Redis answers, and logs each failure."""
    pause = FIRST_PAUSE_S
    while not executor.reached_once:
        try:
            executor.run(lambda redis: redis.ping(), retryable=True, time_limit=timeout)
        except StoreUnavailable as error:
            log.warning("waiting for Redis, next attempt in %.1f s: %s", pause, error)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
