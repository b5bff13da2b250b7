"""Moves votes from the queue to the database one by one, and waits for both."""

import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import psycopg2
from redis import RedisError

from voting.queue import VoteQueue
from voting.store import open_store

WAIT_S = 2
PAUSE_S = 1
ALIVE = Path("/tmp/alive")
"""Heartbeat; the container's health check reads its age."""

log = logging.getLogger("voting.worker")


class Worker:
    """Runs until SIGTERM."""

    def __init__(self, alive: Path = ALIVE) -> None:
        self._alive = alive
        self._stopping = False

    def stop(self, *_: int | FrameType | None) -> None:
        """Stops after the current vote."""
        self._stopping = True

    def run(self) -> None:
        queue = VoteQueue()
        while not self._stopping:
            self._alive.touch()
            try:
                self._carry(queue)
            except (psycopg2.Error, RedisError) as error:
                log.warning("trying again in %d s: %s", PAUSE_S, str(error).strip())
                time.sleep(PAUSE_S)

    def _carry(self, queue: VoteQueue) -> None:
        with open_store() as store:
            store.prepare()
            # Storing a vote again changes nothing.
            log.info("ready; %d votes were in hand when the last worker ended", queue.put_back_taken())
            while not self._stopping:
                self._alive.touch()
                taken = queue.take(WAIT_S)
                if taken:
                    vote, receipt = taken
                    store.keep(vote)
                    queue.done(receipt)


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    worker = Worker()
    signal.signal(signal.SIGTERM, worker.stop)
    worker.run()


if __name__ == "__main__":
    main()
