"""The counter in Redis: atomic changes, confirmed by as many replicas as is asked."""

from redis import Redis

from counter.asking import Asker, Command
from counter.errors import StoreUnavailable
from counter.redis_settings import RedisSettings


class CounterStore:
    """One counter under one key; safe to use from many threads."""

    def __init__(self, settings: RedisSettings, key: str, asker: Asker) -> None:
        self._settings = settings
        self._key = key
        self._asker = asker
        # Long enough for one look-up of a new master, short enough for whoever waits.
        self._patience = 2 * settings.timeout

    def value(self) -> int:
        """The count; 0 when nobody has counted yet."""
        text = self._asker.ask(
            lambda redis: redis.get(self._key), repeatable=True, patience=self._patience
        )
        try:
            return int(text or 0)
        except ValueError:
            raise StoreUnavailable(
                f"the Redis key {self._key!r} holds no number; POST /api/counter/reset mends it"
            ) from None

    def increment(self) -> int:
        """Adds one and returns the new count."""
        return self._change(lambda redis: int(redis.incr(self._key)))

    def decrement(self) -> int:
        """Takes one away and returns the new count."""
        return self._change(lambda redis: int(redis.decr(self._key)))

    def reset(self) -> int:
        """Sets the count to 0 and returns it."""
        # Not repeated either where its answer was lost: what others counted since would be lost, too.
        def command(redis: Redis) -> int:
            redis.set(self._key, 0)
            return 0

        return self._change(command)

    def _change(self, command: Command[int]) -> int:
        """Runs a command that changes the count, once.

        Raises StoreUnavailable, also where too few replicas confirm it.
        """
        confirmed: list[int] = []

        def confirm(redis: Redis) -> None:
            confirmed.append(int(redis.wait(wanted, self._settings.wait_ms)))

        wanted = self._settings.wait_replicas
        answer = self._asker.ask(
            command, repeatable=False, patience=self._patience, confirm=confirm if wanted else None
        )
        if wanted and confirmed[0] < wanted:
            raise StoreUnavailable(
                f"the change was made, but {confirmed[0]} of {wanted} replicas confirmed it within "
                f"{self._settings.wait_ms} ms; whether it lasts is not known"
            )
        return answer
