"""What goes on beside the requests: waiting for Redis at the start, then following its master."""

import logging
import threading
import time

from redis import RedisError

from counter.asking import Asker
from counter.errors import StoreUnavailable
from counter.redis_ways import Way

log = logging.getLogger("counter.store")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
WATCH_EVERY_S = 1.0


def start_watching(way: Way, asker: Asker, timeout: float) -> None:
    """Starts the thread; it ends with the process. `timeout` in seconds, for one answer."""
    def run() -> None:
        _wait_until_reached(asker, timeout)
        while True:
            time.sleep(WATCH_EVERY_S)
            try:
                way.watch()
            except RedisError as error:
                # Requests tell it where it matters to them.
                log.debug("cannot look for the master: %s", error)

    threading.Thread(target=run, name="redis-watch", daemon=True).start()


def _wait_until_reached(asker: Asker, timeout: float) -> None:
    """Tries until Redis answers, with longer and longer pauses; says so in the log."""
    pause = FIRST_PAUSE_S
    while not asker.reached_once:
        try:
            asker.ask(lambda redis: redis.ping(), repeatable=True, patience=timeout)
        except StoreUnavailable as error:
            log.warning("waiting for Redis, next try in %.1f s: %s", pause, error)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
