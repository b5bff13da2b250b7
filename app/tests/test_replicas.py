"""A master with replicas and nobody who would promote one: what WAIT and min-replicas-to-write say."""

from pathlib import Path

from redis import Redis

from counter.executor import CommandExecutor
from counter.master_client import MasterClient
from counter.redis_fixed import FixedTopology
from counter.redis_options import client
from counter.redis_settings import RedisSettings, read_redis_settings
from counter.redis_sentinel import SentinelTopology
from counter.store import CounterStore
from processes import wait_until
from redis_apps import app_on_replicas, increment, serves, wait_for_health
from redis_processes import Node, Replicated, replicated


def test_replicas_that_go_and_come_are_told_by_health_and_by_changes(tmp_path: Path) -> None:
    with replicated(tmp_path) as group, app_on_replicas(
        tmp_path, group, REDIS_WAIT_REPLICAS="1"
    ) as counter:
        serves(counter)
        assert increment(counter) == 1
        wait_for_health(counter, "ok")

        group.replicas[0].kill()
        wait_for_health(counter, "degraded", "1 of 2 replicas in sync")
        assert increment(counter) == 2

        group.replicas[1].freeze()
        answer = counter.ask("POST", "/api/counter/increment")
        assert (answer.status, answer.json["error"]) == (
            503,
            "the change was made, but 0 of 1 replicas confirmed it within 4000 ms; "
            "whether it lasts is not known",
        )
        assert answer.headers["Retry-After"] == "1"
        assert group.master.command("GET", "counter") == "3"
        assert counter.ask("GET", "/api/counter").json["count"] == 3
        wait_for_health(counter, "unavailable", "0 of 2 replicas in sync, and a change waits for 1")

        group.replicas[1].thaw()
        group.replicas[0].start()
        wait_for_health(counter, "ok")
        assert increment(counter) == 4


def test_a_master_without_enough_replicas_refuses_and_nothing_is_changed(tmp_path: Path) -> None:
    with replicated(tmp_path, "min-replicas-to-write 1") as group, \
            app_on_replicas(tmp_path, group) as counter:
        serves(counter)
        assert increment(counter) == 1
        for replica in group.replicas:
            replica.kill()
        wait_for_health(counter, "unavailable", "NOREPLICAS")
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert answer.json["error"].startswith("Redis refused: NOREPLICAS")
        assert "not known" not in answer.json["error"]
        assert counter.ask("GET", "/api/counter").json["count"] == 1


class RedirectedTopology(FixedTopology):
    """A master whose place the test says, as Sentinels would, but at the moment of its choice."""

    handle_error = SentinelTopology.handle_error

    def __init__(self, settings: RedisSettings, node: Node) -> None:
        super().__init__(settings)
        self.node = node
        self._master = MasterClient(
            lambda: ("127.0.0.1", self.node.port), lambda address: client(settings, address)
        )

    def client(self) -> Redis:
        return self._master.client()


def test_a_master_that_was_demoted_refuses_and_the_change_goes_to_the_new_one_once(
    tmp_path: Path
) -> None:
    with replicated(tmp_path) as group:
        settings = read_redis_settings({"REDIS_TOPOLOGY": "replicas", "REDIS_TIMEOUT": "8"})
        topology = RedirectedTopology(settings, group.master)
        store = CounterStore(settings, "counter", CommandExecutor(topology))
        assert [store.increment(), store.increment()] == [1, 2]
        _swap(group)
        topology.node = group.replicas[0]
        assert store.increment() == 3
        assert group.replicas[0].command("GET", "counter") == "3"


def _swap(group: Replicated) -> None:
    old, new = group.master, group.replicas[0]
    wait_until(lambda: new.command("GET", "counter") == "2", "the replica to have it all")
    new.command("REPLICAOF", "NO", "ONE")
    old.command("REPLICAOF", "127.0.0.1", str(new.port))
    assert old.info("role") == "slave"
