"""A Redis Cluster: the key's master goes or gives its slot away, and no acknowledged increment is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import Counter, wait_until
from redis_apps import PASSWORD, app_on_cluster, increment, secret_file, serves, wait_for_health
from redis_processes import Cluster, Node, clustered, while_pressed


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with clustered(tmp_path_factory.mktemp("cluster"), PASSWORD) as cluster:
        yield cluster


@pytest.fixture
def cluster(formed: Cluster) -> Iterator[Cluster]:
    """The one cluster, made whole again after each test: to form one takes seconds."""
    formed.holder().command("DEL", "counter")
    yield formed
    wait_until(lambda: all(_is_whole(node) for node in formed.nodes), "the cluster to be whole again")


def _is_whole(node: Node) -> bool:
    lines = node.command("CLUSTER", "NODES").splitlines()
    links = node.info("connected_slaves") == "1" and "state=online" in node.info("slave0")
    return "cluster_state:ok" in node.command("CLUSTER", "INFO") and not any(
        "fail" in line.split()[2] for line in lines
    ) and (links or node.info("master_link_status") == "up")


@pytest.fixture
def counter(tmp_path: Path, cluster: Cluster) -> Iterator[Counter]:
    with app_on_cluster(
        tmp_path, cluster, REDIS_WAIT_REPLICAS="1", REDIS_PASSWORD_FILE=secret_file(tmp_path)
    ) as running:
        serves(running)
        yield running
        assert "Traceback" not in running.log_text()
        assert PASSWORD not in running.log_text()


def test_the_counter_counts_and_is_healthy(counter: Counter, cluster: Cluster) -> None:
    assert [increment(counter) for _ in range(3)] == [1, 2, 3]
    assert cluster.holder().command("GET", "counter") == "3"
    wait_for_health(counter, "ok")


def test_a_slot_that_has_moved_costs_no_request(counter: Counter, cluster: Cluster) -> None:
    for _ in range(20):  # so that both workers are connected to the old master
        increment(counter)
    old = cluster.holder()
    new = cluster.replica_of(old)
    asked = float("-inf")

    def have_changed_roles() -> bool:
        nonlocal asked
        # Nodes that are too slow for each other give it up after five seconds, and are asked once more.
        if new.info("role") == "slave" and time.monotonic() > asked + 6:
            asked = time.monotonic()
            new.command("CLUSTER", "FAILOVER")
        return old.info("role") == "slave" and new.info("role") == "master"

    wait_until(have_changed_roles, "the roles to change")
    wait_until(lambda: "state=online" in new.info("slave0"), "the old master to follow")
    assert [increment(counter) for _ in range(20)] == list(range(21, 41))


def test_a_key_that_is_on_its_way_is_followed(counter: Counter, cluster: Cluster) -> None:
    increment(counter)
    old = cluster.holder()
    new = next(node for node in cluster.nodes if node.info("role") == "master" and node is not old)
    slot = old.command("CLUSTER", "KEYSLOT", "counter")
    new.command("CLUSTER", "SETSLOT", slot, "IMPORTING", old.command("CLUSTER", "MYID"))
    old.command("CLUSTER", "SETSLOT", slot, "MIGRATING", new.command("CLUSTER", "MYID"))
    try:
        migrate = ("MIGRATE", "127.0.0.1", str(new.port), "counter", "0", "20000", "AUTH", PASSWORD)
        assert old.command(*migrate) == "OK"
        assert [increment(counter), increment(counter)] == [2, 3]
        assert old.command("EXISTS", "counter").startswith("ASK")
        assert counter.ask("GET", "/api/counter").json["count"] == 3
    finally:
        for node in (new, old):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", new.command("CLUSTER", "MYID"))
    wait_until(lambda: cluster.holder() is new, "the slot to be with the new node")
    assert increment(counter) == 4


def test_without_the_replica_changes_are_not_confirmed(counter: Counter, cluster: Cluster) -> None:
    increment(counter)
    replica = cluster.replica_of(cluster.holder())
    replica.freeze()
    try:
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert answer.json["error"].startswith("the change was made, but 0 of 1 replicas confirmed it")
        wait_for_health(counter, "unavailable", "0 of 1 replicas in sync")
    finally:
        replica.thaw()
    wait_for_health(counter, "ok")
    assert increment(counter) == 3


def test_a_node_that_has_nothing_to_do_with_the_key_is_amiss_when_gone(
    counter: Counter, cluster: Cluster
) -> None:
    holder = cluster.holder()
    follower = cluster.replica_of(holder)
    replica = next(
        node for node in cluster.nodes if node.info("role") == "slave" and node is not follower
    )
    replica.kill()
    try:
        wait_for_health(counter, "degraded", f"node 127.0.0.1:{replica.port}")
        increment(counter)
    finally:
        replica.start()
    wait_for_health(counter, "ok")


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_lost_master_is_followed_by_its_replica_and_no_acknowledged_increment_is_lost(
    tmp_path: Path, cluster: Cluster, how: str
) -> None:
    # The safe one is told of nothing confirmed until the old master is back, as its only replica is now
    # the master; the plain one goes on.
    with app_on_cluster(
        tmp_path, cluster, REDIS_PASSWORD_FILE=secret_file(tmp_path)
    ) as plain, app_on_cluster(
        tmp_path, cluster, REDIS_PASSWORD_FILE=secret_file(tmp_path), REDIS_WAIT_REPLICAS="1"
    ) as safe:
        serves(plain)
        serves(safe)
        old = cluster.holder()
        new = cluster.replica_of(old)

        def lose_the_master() -> None:
            getattr(old, how)()
            wait_until(lambda: new.info("role") == "master", "the replica to be the master")
            answer = safe.ask("POST", "/api/counter/increment")
            assert answer.status == 503
            assert increment_until_answered(plain) > 0
            old.start() if how == "kill" else old.thaw()

        clients = while_pressed(safe, lose_the_master)
        assert clients.lost(int(new.command("GET", "counter"))) == []
        wait_for_health(safe, "ok")


def increment_until_answered(counter: Counter) -> int:
    count = 0

    def answered() -> bool:
        nonlocal count
        answer = counter.ask("POST", "/api/counter/increment")
        count = answer.json["count"] if answer.status == 200 else 0
        return answer.status == 200

    wait_until(answered, "an increment to be acknowledged")
    return count


def test_a_cluster_without_the_slot_says_so_and_comes_back(counter: Counter, cluster: Cluster) -> None:
    increment(counter)
    holder = cluster.holder()
    gone = [holder, cluster.replica_of(holder)]
    for node in gone:
        node.kill()
    try:
        wait_for_health(counter, "unavailable")
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert answer.json["error"].startswith("Redis ")
    finally:
        for node in gone:
            node.start()
    wait_for_health(counter, "ok")
    assert increment(counter) >= 2
