"""The queue of votes in Redis. A vote that was taken out is kept until it is in the database."""

import json
from dataclasses import asdict, dataclass

from redis import Redis

from voting.settings import REDIS_HOST, REDIS_PORT

WAITING = "votes"
TAKEN = "votes:taken"


@dataclass(frozen=True)
class Vote:
    """A vote. `at` is microseconds of the clock of Redis, which all replicas share."""

    voter: str
    choice: str
    at: int


class VoteQueue:
    """Raises redis.RedisError if Redis does not answer."""

    def __init__(self) -> None:
        self._redis = Redis(
            host=REDIS_HOST, port=REDIS_PORT, decode_responses=True,
            socket_connect_timeout=1, socket_timeout=5, health_check_interval=10,
        )

    def add(self, voter: str, choice: str) -> None:
        """Adds a vote. Sending it twice is harmless: the newest vote of a voter counts."""
        seconds, micros = self._redis.time()
        vote = Vote(voter, choice, seconds * 1_000_000 + micros)
        self._redis.lpush(WAITING, json.dumps(asdict(vote)))

    def take(self, wait_s: int) -> tuple[Vote, str] | None:
        """The oldest vote and its receipt for `done`; None after a timeout."""
        text = self._redis.blmove(WAITING, TAKEN, wait_s, "RIGHT", "LEFT")
        return (Vote(**json.loads(text)), text) if text else None

    def done(self, receipt: str) -> None:
        """Removes a vote that is in the database."""
        self._redis.lrem(TAKEN, 1, receipt)

    def put_back_taken(self) -> int:
        """Requeues votes that a worker did not finish. Returns their number."""
        count = 0
        while self._redis.lmove(TAKEN, WAITING, "LEFT", "RIGHT"):
            count += 1
        return count
