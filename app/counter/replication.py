"""How many replicas follow a master closely enough to count on."""

from typing import Any

from redis import Redis

from counter.redis_settings import RedisSettings
from counter.redis_ways import Survey

LONGEST_LAG_S = 5
"""A replica confirms what it has every second; one that was silent for longer is not counted on."""


def survey_replicas(session: Redis, settings: RedisSettings) -> Survey:
    """Compares the replicas of the master with those there should be, and with those a change waits for."""
    if settings.replicas == 0:
        return Survey()
    info: dict[str, Any] = session.info("replication")
    replicas = [value for name, value in info.items() if _is_replica(name, value)]
    in_step = len([one for one in replicas if one["state"] == "online" and int(one["lag"]) <= LONGEST_LAG_S])
    text = f"{in_step} of {settings.replicas} replicas in step"
    if in_step < settings.wait_replicas:
        return Survey(broken=(f"{text}, and a change waits for {settings.wait_replicas}",))
    return Survey(amiss=(text,) if in_step < settings.replicas else ())


def _is_replica(name: str, value: object) -> bool:
    # slave0: {'ip': ..., 'state': 'online', 'lag': 0}; slave_read_only and others are numbers.
    return name.startswith("slave") and name[5:].isdigit() and isinstance(value, dict)
