"""The app in front of several Redis processes, and what the tests ask of it again and again."""

from contextlib import AbstractContextManager
from pathlib import Path

from processes import Counter, running_counter, wait_until
from redis_processes import Cluster, Node, Replicated

PASSWORD = "correct-horse-battery"
# Longer than a loaded machine holds up a replica, and shorter than REDIS_TIMEOUT. It is what a frozen one costs.
WAITS = {"REDIS_WAIT_MS": "4000"}


def addresses(nodes: list[Node]) -> str:
    return ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def secret_file(folder: Path, password: str = PASSWORD) -> str:
    path = folder / f"secret-{password}"
    path.write_text(f"{password}\n", encoding="utf-8")
    return str(path)


def app_on_replicas(folder: Path, group: Replicated, **env: str) -> AbstractContextManager[Counter]:
    return running_counter(folder, group.master.port, REDIS_TOPOLOGY="replicas", **(WAITS | env))


def app_on_sentinels(folder: Path, group: Replicated, **env: str) -> AbstractContextManager[Counter]:
    return running_counter(
        folder, REDIS_TOPOLOGY="sentinel", REDIS_NODES=addresses(group.sentinels), **(WAITS | env)
    )


def app_on_cluster(folder: Path, cluster: Cluster, **env: str) -> AbstractContextManager[Counter]:
    return running_counter(
        folder, REDIS_TOPOLOGY="cluster", REDIS_NODES=addresses(cluster.nodes), **(WAITS | env)
    )


def increment(counter: Counter) -> int:
    """One increment that must be acknowledged; its count."""
    answer = counter.ask("POST", "/api/counter/increment")
    assert answer.status == 200, answer.text
    return answer.json["count"]


def wait_for_health(counter: Counter, status: str, *words: str) -> str:
    """Until /health says it, for all these reasons; returns what it said."""
    said = ""

    def says() -> bool:
        nonlocal said
        said = (answer := counter.ask("GET", "/health")).text
        assert (answer.status == 503) == (answer.json["status"] == "unavailable")
        return answer.json["status"] == status and all(word in answer.json.get("reason", "") for word in words)

    try:
        wait_until(says, f"health to be {status} {words}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it last said {said}") from None
    return said


def serves(counter: Counter, workers: int = 2) -> None:
    """Until each worker has reached Redis: before that it may refuse requests."""
    wait_until(lambda: counter.log_text().count('"Redis is available"') >= workers, "all workers to be ready")
