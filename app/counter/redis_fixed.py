"""A Redis server with a fixed name, with or without replicas: the server with that name is the master."""

from redis import Redis, RedisError

from counter.errors import is_refusal
from counter.redis_options import client, drop_idle
from counter.redis_settings import RedisSettings
from counter.redis_topology import TopologyStatus
from counter.replication_status import replication_status


class FixedTopology:
    """The topologies single and replicas."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._redis = client(settings, settings.nodes[0])

    def client(self) -> Redis:
        return self._redis

    def handle_error(self, redis: Redis, error: RedisError) -> Redis | None:
        if not is_refusal(error):
            drop_idle(redis)  # new connections resolve the name again
        return None

    def refresh(self) -> None:
        """Does nothing: the name is fixed."""

    def status(self, session: Redis) -> TopologyStatus:
        return replication_status(session, self._settings)
