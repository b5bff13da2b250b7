"""The counter in Redis: atomic changes, confirmed by a number of replicas."""

from redis import Redis

from counter.executor import CommandExecutor, Command
from counter.errors import StoreUnavailable
from counter.redis_settings import RedisSettings


class CounterStore:
    """A counter in one key. Thread-safe."""

    def __init__(self, settings: RedisSettings, key: str, executor: CommandExecutor) -> None:
        self._settings = settings
        self._key = key
        self._executor = executor
        # Enough to look up a new master, and short enough for clients.
        self._time_limit = 2 * settings.timeout

    def value(self) -> int:
        """The count; 0 if the key does not exist."""
        text = self._executor.run(
            lambda redis: redis.get(self._key), retryable=True, time_limit=self._time_limit
        )
        try:
            return int(text or 0)
        except ValueError:
            raise StoreUnavailable(
                f"the Redis key {self._key!r} is not a number; repair it with POST /api/counter/reset"
            ) from None

    def increment(self) -> int:
        """Adds one and returns the new count."""
        return self._change(lambda redis: int(redis.incr(self._key)))

    def decrement(self) -> int:
        """Subtracts one and returns the new count."""
        return self._change(lambda redis: int(redis.decr(self._key)))

    def reset(self) -> int:
        """Sets the count to 0 and returns it."""
        # Not repeated after a lost answer: increments since then would be lost.
        def command(redis: Redis) -> int:
            redis.set(self._key, 0)
            return 0

        return self._change(command)

    def _change(self, command: Command[int]) -> int:
        """Runs a command that changes the count.

        Raises StoreUnavailable, also if too few replicas confirm it.
        """
        confirmed: list[int] = []

        def confirm(redis: Redis) -> None:
            confirmed.append(int(redis.wait(wanted, self._settings.wait_ms)))

        wanted = self._settings.wait_replicas
        answer = self._executor.run(
            command, retryable=False, time_limit=self._time_limit, confirm=confirm if wanted else None
        )
        if wanted and confirmed[0] < wanted:
            raise StoreUnavailable(
                f"the change was made, but {confirmed[0]} of {wanted} replicas confirmed it within "
                f"{self._settings.wait_ms} ms; whether it lasts is not known"
            )
        return answer
