"""The interface of the four topologies of Redis."""

from dataclasses import dataclass
from typing import Protocol

from redis import Redis, RedisError

from counter.redis_settings import RedisSettings


@dataclass(frozen=True)
class TopologyStatus:
    """Problems while Redis is available. The texts have no full stop."""

    failures: tuple[str, ...] = ()
    """Reasons why changes fail."""
    warnings: tuple[str, ...] = ()
    """Reasons why redundancy is reduced."""


class Topology(Protocol):
    """Finds the master. Thread-safe."""

    def client(self) -> Redis:
        """The client of the master. Raises MasterUnknown."""

    def handle_error(self, redis: Redis, error: RedisError) -> Redis | None:
        """Handles an error of a client.

        Returns the client for the next attempt, to be used once and with ASKING, if Redis named one.
        """

    def refresh(self) -> None:
        """Looks for a new master; called every second in the background. Raises RedisError."""

    def status(self, session: Redis) -> TopologyStatus:
        """The state of the other nodes; `session` is connected to the master. Raises RedisError."""


def create_topology(settings: RedisSettings, key: str) -> Topology:
    """The topology of the settings."""
    # Imported here, since these modules import this one.
    from counter.redis_cluster import ClusterTopology
    from counter.redis_fixed import FixedTopology
    from counter.redis_sentinel import SentinelTopology

    if settings.topology == "sentinel":
        return SentinelTopology(settings)
    if settings.topology == "cluster":
        return ClusterTopology(settings, key)
    return FixedTopology(settings)
