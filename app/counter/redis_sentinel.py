"""Redis with Sentinels, which name the master. They are asked again after each failure."""

from concurrent.futures import ThreadPoolExecutor

from redis import Redis, RedisError
from redis.sentinel import MasterNotFoundError, Sentinel

from counter.errors import MasterUnknown, is_refusal, is_transient
from counter.master_client import MasterClient
from counter.redis_options import client, drop_idle, options
from counter.redis_settings import Address, RedisSettings
from counter.redis_topology import TopologyStatus
from counter.replication_status import replication_status

SENTINEL_TIMEOUT_S = 0.5
"""Sentinels answer fast. Two of three may be dead and must not use up the time of a request."""


class _NoSentinelAnswers(MasterNotFoundError):
    """No Sentinel answered, so it is unknown whether there is a master."""


class _ExplainingSentinel(Sentinel):
    """Sentinel of redis-py with a reason per Sentinel if none names a master.

    Not thread-safe, like that of redis-py (both reorder the list); MasterClient has the lock.
    """

    def discover_master(self, service_name: str) -> Address:
        reasons, answered = [], False
        for place, sentinel in enumerate(self.sentinels):
            name = "{host}:{port}".format_map(sentinel.connection_pool.connection_kwargs)
            try:
                state = sentinel.sentinel_masters().get(service_name)
            except RedisError as error:
                # Errors of the server, such as a wrong password, have no address.
                reasons.append(f"{name}: {' '.join(str(error).split())}")
                continue
            answered = True
            if state and self.check_master_state(state, service_name):
                # Ask this one first the next time.
                self.sentinels.insert(0, self.sentinels.pop(place))
                return state["ip"], state["port"]
            reasons.append(f"{name}: {'says it is down' if state else 'does not know it'}")
        kind = MasterNotFoundError if answered else _NoSentinelAnswers
        raise kind(f"no Sentinel names a master {service_name!r} ({'; '.join(reasons)})")


class SentinelTopology:
    """The topology sentinel.

    Does not use `master_for` of redis-py: it turns READONLY into a lost connection, which hides that the
    change was refused and may be sent to the new master.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        limits = options(settings, min(settings.timeout, SENTINEL_TIMEOUT_S))
        self._sentinel = _ExplainingSentinel(settings.nodes, sentinel_kwargs=limits)
        self._sentinel_clients = [Redis(host, port, **limits) for host, port in settings.nodes]
        self._master = MasterClient(self._find, lambda address: client(settings, address))

    def client(self) -> Redis:
        return self._master.client()

    def handle_error(self, redis: Redis, error: RedisError) -> Redis | None:
        if is_transient(error):
            self._master.invalidate(redis)
        return None

    def refresh(self) -> None:
        # A partitioned master may still be reachable from here.
        self._master.refresh()

    def status(self, session: Redis) -> TopologyStatus:
        replicas = replication_status(session, self._settings)
        with ThreadPoolExecutor(len(self._sentinel_clients)) as threads:
            problems = [text for text in threads.map(self._problem_of, self._sentinel_clients) if text]
        return TopologyStatus(replicas.failures, (*replicas.warnings, *problems))

    def _find(self) -> Address:
        try:
            return self._sentinel.discover_master(self._settings.master_name)
        except _NoSentinelAnswers as error:
            # Without Sentinels there is no failover, so the last master is still valid.
            if self._master.last_address:
                return self._master.last_address
            raise MasterUnknown(str(error)) from None
        except MasterNotFoundError as error:
            raise MasterUnknown(str(error)) from None

    def _problem_of(self, sentinel: Redis) -> str:
        """The problem of a Sentinel, or an empty text."""
        place = "{host}:{port}".format_map(sentinel.connection_pool.connection_kwargs)
        name = self._settings.master_name
        try:
            named = sentinel.sentinel_get_master_addr_by_name(name)
            if named is None:
                return f"Sentinel {place} does not know {name!r}"
            if named != self._master.last_address:
                return f"Sentinel {place} names another master: {named}"
            sentinel.execute_command("SENTINEL", "CKQUORUM", name)
        except RedisError as error:
            if is_refusal(error):
                return f"Sentinel {place} says: {error}"
            drop_idle(sentinel)
            return f"Sentinel {place} does not answer"
        return ""
