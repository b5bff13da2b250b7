"""A Redis Cluster: one master has the key's slot; the cluster reports and corrects which."""

import logging
import random

from redis import Redis, RedisError
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, MovedError

from counter.errors import MasterUnknown, is_transient
from counter.master_client import MasterClient
from counter.redis_options import client, options
from counter.redis_settings import Address, RedisSettings
from counter.redis_topology import TopologyStatus
from counter.replication_status import replication_status

# redis-py logs a traceback for each node that does not answer; the app logs what matters.
logging.getLogger("redis").addHandler(logging.NullHandler())
logging.getLogger("redis").propagate = False


class ClusterTopology:
    """The topology cluster.

    RedisCluster finds the node of the key. It does not run the commands: it repeats a command without an
    answer up to 15 times, and an INCR would count as often.
    """

    def __init__(self, settings: RedisSettings, key: str) -> None:
        self._settings = settings
        self._key = key
        self._cluster: RedisCluster | None = None
        self._master = MasterClient(self._find, self._connect)

    def client(self) -> Redis:
        return self._master.client()

    def handle_error(self, redis: Redis, error: RedisError) -> Redis | None:
        if isinstance(error, MovedError):
            self._master.switch_to(_redirect_target(error, redis))
        elif isinstance(error, AskError):
            # The slot is migrating: this command goes to the other node, the next ones still to the first.
            return self._connect(_redirect_target(error, redis))
        elif is_transient(error):
            self._master.invalidate(redis)
        return None

    def refresh(self) -> None:
        """Does nothing: a node that lost the slot names the new one."""

    def status(self, session: Redis) -> TopologyStatus:
        replicas = replication_status(session, self._settings)
        nodes: dict[str, dict[str, object]] = session.execute_command("CLUSTER NODES")
        problems = [text for address, node in sorted(nodes.items()) if (text := _node_problem(address, node))]
        expected = len(self._settings.nodes)
        if len(nodes) < expected:
            problems.append(f"the cluster has {len(nodes)} nodes, not {expected}")
        return TopologyStatus(replicas.failures, (*replicas.warnings, *problems))

    def _find(self) -> Address:
        try:
            if self._cluster is None:
                self._cluster = self._connect_cluster()
            else:
                manager = self._cluster.nodes_manager
                # Debian 12's redis-py asks in a fixed order: a dead node would cost its timeout each time.
                nodes = list(manager.startup_nodes.items())
                manager.startup_nodes = dict(random.sample(nodes, len(nodes)))
                manager.initialize()
            node = self._cluster.get_node_from_key(self._key)
        # Not only RedisError: the exceptions for incomplete answers differ between releases.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise MasterUnknown(f"no node of the cluster knows the node of the key ({reason})") from None
        return node.host, node.port

    def _connect_cluster(self) -> RedisCluster:
        nodes = [ClusterNode(host, port) for host, port in self._settings.nodes]
        limits = options(self._settings)
        retry = limits.pop("retry")
        cluster = RedisCluster(
            startup_nodes=random.sample(nodes, len(nodes)),
            require_full_coverage=False,  # other slots do not matter here
            # Names remain valid when all addresses change.
            dynamic_startup_nodes=False,
            retry=retry,
            **limits,
        )
        # Debian 12's redis-py must create these now: later it would try to copy locks.
        manager = cluster.nodes_manager
        manager.create_redis_connections(list(manager.startup_nodes.values()))
        return cluster

    def _connect(self, address: Address) -> Redis:
        # Not the clients of RedisCluster: in Debian 12's redis-py they drop the PING of idle connections. Its
        # on_connect is needed for MOVED and ASK errors with an address.
        assert self._cluster, "an address comes from the cluster"
        return client(self._settings, address, redis_connect_func=self._cluster.on_connect)


def _redirect_target(error: AskError, redis: Redis) -> Address:
    # Without a host, the error means the node that sent it.
    return error.host or redis.connection_pool.connection_kwargs["host"], error.port


def _node_problem(address: str, node: dict[str, object]) -> str:
    flags = str(node["flags"]).split(",")
    if "fail" in flags:
        return f"node {address} has failed"
    if "fail?" in flags or "noaddr" in flags or "handshake" in flags or not node["connected"]:
        return f"node {address} does not answer"
    return ""
