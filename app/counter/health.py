"""The health of the counter and of its redundancy."""

import threading
import time
from dataclasses import dataclass

from counter.executor import CommandExecutor
from counter.errors import StoreUnavailable
from counter.redis_settings import RedisSettings
from counter.redis_topology import Topology, TopologyStatus

STATUS_CACHE_S = 3.0
"""Replicas and Sentinels are checked less often than Redis: several checks come every two seconds."""


@dataclass(frozen=True)
class Health:
    """The response of /health."""

    status: str
    """ok; degraded: works with less redundancy; unavailable: changes fail."""
    reason: str = ""


class HealthCheck:
    """Checks Redis each time, and the other nodes every few seconds. Thread-safe."""

    def __init__(
        self, settings: RedisSettings, key: str, topology: Topology, executor: CommandExecutor
    ) -> None:
        self._time_limit = settings.timeout
        self._key = key
        self._topology = topology
        self._executor = executor
        self._status = TopologyStatus()
        self._status_at = float("-inf")
        self._status_lock = threading.Lock()

    def now(self) -> Health:
        """The current health; takes no longer than a request."""
        try:
            # A write without effect. It fails whenever INCR fails (wrong node, read-only, too few replicas,
            # memory, disk), and is neither logged to disk nor replicated.
            self._executor.run(
                lambda redis: redis.setrange(self._key, 0, ""), retryable=True, time_limit=self._time_limit
            )
        except StoreUnavailable as error:
            return Health("unavailable", str(error))
        status = self._recent_status()
        if status.failures:
            return Health("unavailable", "; ".join((*status.failures, *status.warnings)))
        if status.warnings:
            return Health("degraded", "; ".join(status.warnings))
        return Health("ok")

    def _recent_status(self) -> TopologyStatus:
        is_old = time.monotonic() - self._status_at > STATUS_CACHE_S
        # One thread checks; the others use the last result.
        if is_old and self._status_lock.acquire(blocking=False):
            try:
                self._status = self._executor.run(
                    self._topology.status, retryable=True, time_limit=self._time_limit
                )
            except StoreUnavailable as error:
                self._status = TopologyStatus(warnings=(f"the state of the other nodes is unknown: {error}",))
            finally:
                self._status_at = time.monotonic()
                self._status_lock.release()
        return self._status
