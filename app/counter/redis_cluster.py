"""A Redis Cluster: one key is on one master, whose place the cluster tells and corrects."""

import logging
import random

from redis import Redis, RedisError
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, MovedError

from counter.errors import MasterUnknown, may_pass
from counter.followed import FollowedMaster
from counter.redis_options import client, options
from counter.redis_settings import Address, RedisSettings
from counter.redis_ways import Survey
from counter.replication import survey_replicas

# redis-py writes a traceback for each node that does not answer; what matters is told by the app.
logging.getLogger("redis").addHandler(logging.NullHandler())
logging.getLogger("redis").propagate = False


class ClusterWay:
    """For the topology cluster.

    RedisCluster knows the nodes and which of them has the key. The commands do not go through it: it
    repeats whatever got no answer up to 15 times, and an INCR would count as often.
    """

    def __init__(self, settings: RedisSettings, key: str) -> None:
        self._settings = settings
        self._key = key
        self._cluster: RedisCluster | None = None
        self._master = FollowedMaster(self._find, self._connect)

    def client(self) -> Redis:
        return self._master.client()

    def learn(self, redis: Redis, error: RedisError) -> Redis | None:
        if isinstance(error, MovedError):
            self._master.is_at(_named(error, redis))
        elif isinstance(error, AskError):
            # The key is on its way to another node; until it is there, the first stays its place.
            return self._connect(_named(error, redis))
        elif may_pass(error):
            self._master.forget(redis)
        return None

    def watch(self) -> None:
        """Nothing to find out: a node that has lost the key says where it is."""

    def survey(self, session: Redis) -> Survey:
        replicas = survey_replicas(session, self._settings)
        nodes: dict[str, dict[str, object]] = session.execute_command("CLUSTER NODES")
        amiss = [text for address, node in sorted(nodes.items()) if (text := _complaint(address, node))]
        expected = len(self._settings.nodes)
        if len(nodes) < expected:
            amiss.append(f"the cluster has {len(nodes)} nodes, not {expected}")
        return Survey(replicas.broken, (*replicas.amiss, *amiss))

    def _find(self) -> Address:
        try:
            if self._cluster is None:
                self._cluster = self._meet()
            else:
                manager = self._cluster.nodes_manager
                # Debian 12's redis-py asks in a fixed order: one dead node would cost its time limit each time.
                nodes = list(manager.startup_nodes.items())
                manager.startup_nodes = dict(random.sample(nodes, len(nodes)))
                manager.initialize()
            node = self._cluster.get_node_from_key(self._key)
        # Not only RedisError: what is raised for nodes that half answer differs from release to release.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise MasterUnknown(f"no node of the cluster says where the key is ({reason})") from None
        return node.host, node.port

    def _meet(self) -> RedisCluster:
        nodes = [ClusterNode(host, port) for host, port in self._settings.nodes]
        limits = options(self._settings)
        retry = limits.pop("retry")
        cluster = RedisCluster(
            startup_nodes=random.sample(nodes, len(nodes)),
            require_full_coverage=False,  # other slots do not matter here
            # Names stay good when every address has changed.
            dynamic_startup_nodes=False,
            retry=retry,
            **limits,
        )
        # Debian 12's redis-py can make these only now: later it would try to copy its own locks.
        manager = cluster.nodes_manager
        manager.create_redis_connections(list(manager.startup_nodes.values()))
        return cluster

    def _connect(self, address: Address) -> Redis:
        # RedisCluster's own clients would do without the PING of idle connections, as Debian 12's redis-py
        # drops that option; its on_connect makes MOVED and ASK errors that have an address.
        assert self._cluster, "an address comes from the cluster"
        return client(self._settings, address, redis_connect_func=self._cluster.on_connect)


def _named(error: AskError, redis: Redis) -> Address:
    # A node that does not know its own address leaves it out: it means the one that was asked.
    return error.host or redis.connection_pool.connection_kwargs["host"], error.port


def _complaint(address: str, node: dict[str, object]) -> str:
    flags = str(node["flags"]).split(",")
    if "fail" in flags:
        return f"node {address} has failed"
    if "fail?" in flags or "noaddr" in flags or "handshake" in flags or not node["connected"]:
        return f"node {address} does not answer"
    return ""
