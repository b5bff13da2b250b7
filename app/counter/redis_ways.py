"""What a topology must know to be asked: the same few questions for all four."""

from dataclasses import dataclass
from typing import Protocol

from redis import Redis, RedisError

from counter.redis_settings import RedisSettings


@dataclass(frozen=True)
class Survey:
    """What is amiss although Redis answers; each text ends in no full stop."""

    broken: tuple[str, ...] = ()
    """Changes do not work."""
    amiss: tuple[str, ...] = ()
    """They do, but with less safety than there should be."""


class Way(Protocol):
    """The way to the node that takes changes; safe to use from many threads."""

    def client(self) -> Redis:
        """The client of that node. Raises MasterUnknown."""

    def learn(self, redis: Redis, error: RedisError) -> Redis | None:
        """Draws the conclusions from a failure of `client()`.

        Returns a client that is to be asked next, once and with ASKING, where Redis named it.
        """

    def watch(self) -> None:
        """Called every second, beside the requests; finds out what has changed. Raises RedisError."""

    def survey(self, session: Redis) -> Survey:
        """Looks at what else should be there; `session` is connected to the master. Raises RedisError."""


def way_to(settings: RedisSettings, key: str) -> Way:
    """The way in the topology that is set."""
    # Imported here, as each of them needs what is above.
    from counter.redis_cluster import ClusterWay
    from counter.redis_fixed import FixedWay
    from counter.redis_sentinel import SentinelWay

    if settings.topology == "sentinel":
        return SentinelWay(settings)
    if settings.topology == "cluster":
        return ClusterWay(settings, key)
    return FixedWay(settings)
