"""The app's settings, read once from the environment."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from counter.redis_settings import RedisSettings, read_redis_settings
from counter.settings_parsing import SettingsError, whole_number

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class Settings:
    """Settings of one replica of the app."""

    redis: RedisSettings
    key: str
    port: int
    workers: int
    stop_delay: int
    """Seconds in which requests are still accepted after SIGTERM."""
    replica: str
    """The host name: in a container, its short id."""
    node: str
    """The node that runs this replica, as filled in by Swarm."""
    log_level: str


def read_settings(env: Mapping[str, str]) -> Settings:
    """Reads and validates all settings. Raises SettingsError for the first wrong one."""
    return Settings(
        redis=read_redis_settings(env),
        key=env.get("COUNTER_KEY") or "counter",
        port=whole_number(env, "PORT", 8080, 65535),
        workers=whole_number(env, "WEB_CONCURRENCY", 2, 64),
        stop_delay=whole_number(env, "STOP_DELAY_SECONDS", 0, 60, lowest=0),
        replica=socket.gethostname(),
        node=env.get("NODE_NAME") or "unknown",
        log_level=_log_level(env),
    )


def _log_level(env: Mapping[str, str]) -> str:
    level = (env.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL={level!r}: must be one of {', '.join(LOG_LEVELS)}")
    return level
