"""The queue of votes in Redis: what was taken out is kept aside until it is in the database."""

import json
from dataclasses import asdict, dataclass

from redis import Redis

from voting.settings import REDIS_HOST, REDIS_PORT

WAITING = "votes"
TAKEN = "votes:taken"


@dataclass(frozen=True)
class Vote:
    """One person's choice. `at` is microseconds of Redis' clock, so that all replicas share one."""

    voter: str
    choice: str
    at: int


class VoteQueue:
    """Raises redis.RedisError where Redis does not answer."""

    def __init__(self) -> None:
        self._redis = Redis(
            host=REDIS_HOST, port=REDIS_PORT, decode_responses=True,
            socket_connect_timeout=1, socket_timeout=5, health_check_interval=10,
        )

    def add(self, voter: str, choice: str) -> None:
        """Adds a vote. Sent twice it does no harm: a voter has one vote, whichever is newest."""
        seconds, micros = self._redis.time()
        vote = Vote(voter, choice, seconds * 1_000_000 + micros)
        self._redis.lpush(WAITING, json.dumps(asdict(vote)))

    def take(self, wait_s: int) -> tuple[Vote, str] | None:
        """The oldest vote and its receipt for `done`; None when none came in time."""
        text = self._redis.blmove(WAITING, TAKEN, wait_s, "RIGHT", "LEFT")
        return (Vote(**json.loads(text)), text) if text else None

    def done(self, receipt: str) -> None:
        """The vote is in the database."""
        self._redis.lrem(TAKEN, 1, receipt)

    def put_back_taken(self) -> int:
        """What a worker had in hand when it ended waits again; returns how many."""
        count = 0
        while self._redis.lmove(TAKEN, WAITING, "LEFT", "RIGHT"):
            count += 1
        return count
