"""The app's settings, read once from the environment."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says how to mend it."""


@dataclass(frozen=True)
class Settings:
    """What one replica needs to know."""

    redis_host: str
    redis_port: int
    redis_timeout: float
    """Seconds to wait for a connection, and again for an answer."""
    # repr=False: a settings object may end in a log line, the password may not.
    redis_password: str | None = field(repr=False)
    key: str
    port: int
    workers: int
    replica: str
    """The host name; in a container that is the container's short id."""
    node: str
    """The machine that runs this replica, as Swarm tells it."""
    log_level: str


def read_settings(env: Mapping[str, str]) -> Settings:
    """Reads and checks all settings; raises SettingsError at the first wrong one."""
    return Settings(
        redis_host=env.get("REDIS_HOST") or "redis",
        redis_port=_whole_number(env, "REDIS_PORT", 6379, 65535),
        redis_timeout=_seconds(env, "REDIS_TIMEOUT", 1.0),
        redis_password=_password(env),
        key=env.get("COUNTER_KEY") or "counter",
        port=_whole_number(env, "PORT", 8080, 65535),
        workers=_whole_number(env, "WEB_CONCURRENCY", 2, 64),
        replica=socket.gethostname(),
        node=env.get("NODE_NAME") or "unknown",
        log_level=_log_level(env),
    )


def _whole_number(env: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise SettingsError(f"{name}={text!r}: give a whole number from 1 to {highest}")
    return int(text)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 60.0:
        raise SettingsError(f"{name}={text!r}: give seconds, more than 0 and at most 60")
    return value


def _password(env: Mapping[str, str]) -> str | None:
    path = env.get("REDIS_PASSWORD_FILE")
    if not path:
        return env.get("REDIS_PASSWORD") or None
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(
            f"REDIS_PASSWORD_FILE={path}: cannot be read ({reason}); "
            "mount the secret there or unset the variable"
        ) from None
    password = text.rstrip("\r\n")
    if not password:
        raise SettingsError(f"REDIS_PASSWORD_FILE={path}: the file is empty")
    return password


def _log_level(env: Mapping[str, str]) -> str:
    level = (env.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL={level!r}: give one of {', '.join(LOG_LEVELS)}")
    return level
