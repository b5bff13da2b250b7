"""Options of all connections to Redis: timeouts, and no retries by redis-py."""

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from counter.redis_settings import Address, RedisSettings

PING_AFTER_IDLE_S = 10


def options(settings: RedisSettings, timeout: float | None = None) -> dict[str, Any]:
    """Keyword arguments for clients of redis-py; `timeout` in seconds, by default that of the settings."""
    return {
        "password": settings.password,
        "socket_timeout": timeout or settings.timeout,
        "socket_connect_timeout": timeout or settings.timeout,
        "health_check_interval": PING_AFTER_IDLE_S,
        "decode_responses": True,
        # Newer releases of redis-py repeat commands. An INCR whose first answer was lost would count
        # twice, so only executor.py repeats.
        "retry": Retry(NoBackoff(), 0),
    }


def client(settings: RedisSettings, address: Address, **more: Any) -> Redis:
    """A client of one node with a connection pool. Connects at the first command."""
    host, port = address
    return Redis(host=host, port=port, **options(settings), **more)


def drop_idle(redis: Redis) -> None:
    """Closes idle connections: if one is dead, each of the others would fail a request."""
    redis.connection_pool.disconnect(inuse_connections=False)
