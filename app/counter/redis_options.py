"""How every connection to Redis is made: with time limits, and without redis-py's own repeats."""

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from counter.redis_settings import Address, RedisSettings

PING_AFTER_IDLE_S = 10


def options(settings: RedisSettings, timeout: float | None = None) -> dict[str, Any]:
    """Keyword arguments for redis-py's clients; `timeout` in seconds, the settings' own if not given."""
    return {
        "password": settings.password,
        "socket_timeout": timeout or settings.timeout,
        "socket_connect_timeout": timeout or settings.timeout,
        "health_check_interval": PING_AFTER_IDLE_S,
        "decode_responses": True,
        # Newer redis-py repeats commands by itself. A repeated INCR whose first answer was
        # lost would count twice, so repeating is decided in asking.py alone.
        "retry": Retry(NoBackoff(), 0),
    }


def client(settings: RedisSettings, address: Address, **more: Any) -> Redis:
    """A client of one node, with a pool of connections; connects when it is first used."""
    host, port = address
    return Redis(host=host, port=port, **options(settings), **more)


def drop_idle(redis: Redis) -> None:
    """Closes the connections nobody uses: where one has died, each of the others would cost a request."""
    redis.connection_pool.disconnect(inuse_connections=False)
