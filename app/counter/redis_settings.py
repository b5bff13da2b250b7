"""Settings of Redis: addresses, topology, and replicas that must confirm a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from counter.settings_parsing import SettingsError, seconds, whole_number

TOPOLOGIES = ("single", "replicas", "sentinel", "cluster")
VALID_WITH = {
    "REDIS_HOST": ("single", "replicas"),
    "REDIS_PORT": ("single", "replicas"),
    "REDIS_NODES": ("sentinel", "cluster"),
    "REDIS_MASTER_NAME": ("sentinel",),
}
REPLICAS = {"single": 0, "replicas": 2, "sentinel": 2, "cluster": 1}
"""Default number of replicas of a master."""

Address = tuple[str, int]


@dataclass(frozen=True)
class RedisSettings:
    """Settings of Redis."""

    topology: str
    nodes: tuple[Address, ...]
    """single, replicas: the one master; sentinel: the Sentinels; cluster: any of its nodes."""
    master_name: str
    """The name of the master in the Sentinels."""
    timeout: float
    """Timeout in seconds, for a connection and again for an answer."""
    # repr=False, so that the password is in no log line with this object.
    password: str | None = field(repr=False)
    replicas: int
    """Replicas that each master should have; with fewer, /health is degraded."""
    wait_replicas: int
    """Replicas that must confirm a change before it is acknowledged."""
    wait_ms: int
    """Timeout of their confirmation in milliseconds."""


def read_redis_settings(env: Mapping[str, str]) -> RedisSettings:
    """Reads and validates the settings. Raises SettingsError for the first that is wrong or contradicts another."""
    topology = env.get("REDIS_TOPOLOGY") or "single"
    if topology not in TOPOLOGIES:
        raise SettingsError(f"REDIS_TOPOLOGY={topology!r}: must be one of {', '.join(TOPOLOGIES)}")
    for name, topologies in VALID_WITH.items():
        if env.get(name) and topology not in topologies:
            raise SettingsError(
                f"{name}={env[name]!r}: has no meaning with REDIS_TOPOLOGY={topology}, "
                f"only with {' and '.join(topologies)}; unset it"
            )
    timeout = seconds(env, "REDIS_TIMEOUT", 1.0)
    replicas = whole_number(env, "REDIS_REPLICAS", REPLICAS[topology], 9, lowest=0)
    return RedisSettings(
        topology=topology,
        nodes=_nodes(env, topology),
        master_name=env.get("REDIS_MASTER_NAME") or "counter",
        timeout=timeout,
        password=_password(env),
        replicas=replicas,
        wait_replicas=_wait_replicas(env, topology, replicas),
        wait_ms=_wait_ms(env, timeout),
    )


def _nodes(env: Mapping[str, str], topology: str) -> tuple[Address, ...]:
    if topology in VALID_WITH["REDIS_HOST"]:
        return ((env.get("REDIS_HOST") or "redis", whole_number(env, "REDIS_PORT", 6379, 65535)),)
    what = "the Sentinels" if topology == "sentinel" else "nodes of the cluster"
    text = env.get("REDIS_NODES") or ""
    if not text.strip():
        raise SettingsError(
            f"REDIS_NODES: REDIS_TOPOLOGY={topology} needs the addresses of {what}, as HOST:PORT,HOST:PORT"
        )
    nodes = tuple(_address(part.strip(), text) for part in text.split(","))
    if len(set(nodes)) < len(nodes):
        raise SettingsError(f"REDIS_NODES={text!r}: names a node twice")
    return nodes


def _address(part: str, text: str) -> Address:
    host, colon, port = part.rpartition(":")
    good_port = port.isascii() and port.isdigit() and 1 <= int(port) <= 65535
    if not (host and colon and good_port):
        raise SettingsError(f"REDIS_NODES={text!r}: {part!r} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _wait_replicas(env: Mapping[str, str], topology: str, replicas: int) -> int:
    wait = whole_number(env, "REDIS_WAIT_REPLICAS", 0, 2, lowest=0)
    if wait and topology == "single":
        raise SettingsError(
            f"REDIS_WAIT_REPLICAS={wait}: REDIS_TOPOLOGY=single has no replicas to wait for; give 0"
        )
    if wait > replicas:
        raise SettingsError(
            f"REDIS_WAIT_REPLICAS={wait}: a master has only {replicas} with REDIS_TOPOLOGY={topology}, so "
            "no change would ever be confirmed; give less (or REDIS_REPLICAS, if there are more)"
        )
    return wait


def _wait_ms(env: Mapping[str, str], timeout: float) -> int:
    wait_ms = whole_number(env, "REDIS_WAIT_MS", min(500, max(1, int(timeout * 500))), 60_000)
    if wait_ms >= timeout * 1000:
        raise SettingsError(
            f"REDIS_WAIT_MS={wait_ms}: must be less than REDIS_TIMEOUT ({timeout * 1000:g} ms), or the "
            "answer is given up before the wait ends"
        )
    return wait_ms


def _password(env: Mapping[str, str]) -> str | None:
    if env.get("REDIS_PASSWORD"):
        raise SettingsError(
            "REDIS_PASSWORD: the environment shows in `docker inspect`; put the password in a file "
            "and name that in REDIS_PASSWORD_FILE"
        )
    path = env.get("REDIS_PASSWORD_FILE")
    if not path:
        return None
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
