"""Redis with Sentinels: they say which node is the master, and are asked again when it seems to have changed."""

from concurrent.futures import ThreadPoolExecutor

from redis import Redis, RedisError
from redis.sentinel import MasterNotFoundError, Sentinel

from counter.errors import MasterUnknown, is_refusal, may_pass
from counter.followed import FollowedMaster
from counter.redis_options import client, drop_idle, options
from counter.redis_settings import Address, RedisSettings
from counter.redis_ways import Survey
from counter.replication import survey_replicas

LONGEST_ASK_S = 0.5
"""Sentinels answer from memory; of three, two may be dead and must not use up a request's time."""


class _SentinelsSilent(MasterNotFoundError):
    """Not one Sentinel answered: nothing is known, which is not the same as no master."""


class _TellingSentinel(Sentinel):
    """redis-py's own, which says for each Sentinel why it gave no master.

    Not safe for many threads, as redis-py's is not (both reorder the list); FollowedMaster has the lock.
    """

    def discover_master(self, service_name: str) -> Address:
        reasons, answered = [], False
        for place, sentinel in enumerate(self.sentinels):
            name = "{host}:{port}".format_map(sentinel.connection_pool.connection_kwargs)
            try:
                state = sentinel.sentinel_masters().get(service_name)
            except RedisError as error:
                # An error of the server (a wrong password) names no address, one of the line does.
                reasons.append(f"{name}: {' '.join(str(error).split())}")
                continue
            answered = True
            if state and self.check_master_state(state, service_name):
                # The next time this one is asked first.
                self.sentinels.insert(0, self.sentinels.pop(place))
                return state["ip"], state["port"]
            reasons.append(f"{name}: {'says it is down' if state else 'does not know it'}")
        kind = MasterNotFoundError if answered else _SentinelsSilent
        raise kind(f"no Sentinel names a master {service_name!r} ({'; '.join(reasons)})")


class SentinelWay:
    """For the topology sentinel.

    redis-py's `master_for` is not used: its connections turn READONLY into a lost connection, and then
    nobody can tell that the change was refused and may be sent to the new master.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        limits = options(settings, min(settings.timeout, LONGEST_ASK_S))
        self._sentinel = _TellingSentinel(settings.nodes, sentinel_kwargs=limits)
        self._witnesses = [Redis(host, port, **limits) for host, port in settings.nodes]
        self._master = FollowedMaster(self._find, lambda address: client(settings, address))

    def client(self) -> Redis:
        return self._master.client()

    def learn(self, redis: Redis, error: RedisError) -> Redis | None:
        if may_pass(error):
            self._master.forget(redis)
        return None

    def watch(self) -> None:
        # A master that is cut off from the rest may still be reached from here and look well.
        self._master.refresh()

    def survey(self, session: Redis) -> Survey:
        replicas = survey_replicas(session, self._settings)
        with ThreadPoolExecutor(len(self._witnesses)) as threads:
            silent = [text for text in threads.map(self._doubt, self._witnesses) if text]
        return Survey(replicas.broken, (*replicas.amiss, *silent))

    def _find(self) -> Address:
        try:
            return self._sentinel.discover_master(self._settings.master_name)
        except _SentinelsSilent as error:
            # Without Sentinels nobody makes another master: the last one is as good as ever.
            if self._master.last_address:
                return self._master.last_address
            raise MasterUnknown(str(error)) from None
        except MasterNotFoundError as error:
            raise MasterUnknown(str(error)) from None

    def _doubt(self, witness: Redis) -> str:
        """What is wrong with one Sentinel or with what it says; empty where nothing is."""
        place = "{host}:{port}".format_map(witness.connection_pool.connection_kwargs)
        name = self._settings.master_name
        try:
            named = witness.sentinel_get_master_addr_by_name(name)
            if named is None:
                return f"Sentinel {place} does not know {name!r}"
            if named != self._master.last_address:
                return f"Sentinel {place} takes another for the master: {named}"
            witness.execute_command("SENTINEL", "CKQUORUM", name)
        except RedisError as error:
            if is_refusal(error):
                return f"Sentinel {place} says: {error}"
            drop_idle(witness)
            return f"Sentinel {place} does not answer"
        return ""
