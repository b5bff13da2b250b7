"""One Redis under one name, with replicas or without: whoever has the name is the master."""

from redis import Redis, RedisError

from counter.errors import is_refusal
from counter.redis_options import client, drop_idle
from counter.redis_settings import RedisSettings
from counter.redis_ways import Survey
from counter.replication import survey_replicas


class FixedWay:
    """For the topologies single and replicas."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._redis = client(settings, settings.nodes[0])

    def client(self) -> Redis:
        return self._redis

    def learn(self, redis: Redis, error: RedisError) -> Redis | None:
        if not is_refusal(error):
            drop_idle(redis)  # new connections resolve the name anew
        return None

    def watch(self) -> None:
        """Nothing to find out: the name is all there is."""

    def survey(self, session: Redis) -> Survey:
        return survey_replicas(session, self._settings)
