"""The state of the replicas of a master."""

from typing import Any

from redis import Redis

from counter.redis_settings import RedisSettings
from counter.redis_topology import TopologyStatus

MAX_LAG_S = 5
"""A replica acknowledges its offset every second; after this time it counts as out of sync."""


def replication_status(session: Redis, settings: RedisSettings) -> TopologyStatus:
    """Compares the replicas in sync with those expected, and with those that must confirm a change."""
    if settings.replicas == 0:
        return TopologyStatus()
    info: dict[str, Any] = session.info("replication")
    replicas = [value for name, value in info.items() if _is_replica(name, value)]
    in_sync = len([each for each in replicas if each["state"] == "online" and int(each["lag"]) <= MAX_LAG_S])
    text = f"{in_sync} of {settings.replicas} replicas in sync"
    if in_sync < settings.wait_replicas:
        return TopologyStatus(failures=(f"{text}, and a change waits for {settings.wait_replicas}",))
    return TopologyStatus(warnings=(text,) if in_sync < settings.replicas else ())


def _is_replica(name: str, value: object) -> bool:
    # slave0: {'ip': ..., 'state': 'online', 'lag': 0}; slave_read_only and others are numbers.
    return name.startswith("slave") and name[5:].isdigit() and isinstance(value, dict)
