"""The JSON API, as a client sees it."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from processes import DEADLINE_S, Counter, RedisServer


@pytest.fixture
def redis(lasting_redis: RedisServer) -> RedisServer:
    return lasting_redis


@pytest.fixture
def counter(lasting_counter: Counter) -> Counter:
    return lasting_counter


def test_a_new_counter_stands_at_zero_and_says_who_answers(counter: Counter) -> None:
    answer = counter.ask("GET", "/api/counter")
    assert answer.status == 200
    assert answer.json == {"count": 0, "replica": socket.gethostname(), "node": "node7"}


def test_changes_answer_with_the_new_count_and_are_kept_in_redis(
    counter: Counter, redis: RedisServer
) -> None:
    changes = ["increment", "increment", "decrement", "increment"]
    counts = [counter.ask("POST", f"/api/counter/{change}").json["count"] for change in changes]
    assert counts == [1, 2, 1, 2]
    assert redis.command("GET", "counter") == "2"
    assert counter.ask("POST", "/api/counter/reset").json["count"] == 0
    assert redis.command("GET", "counter") == "0"


def test_a_counter_goes_below_zero(counter: Counter) -> None:
    assert counter.ask("POST", "/api/counter/decrement").json["count"] == -1
    assert counter.ask("GET", "/api/counter").json["count"] == -1


def test_health_answers_ok(counter: Counter) -> None:
    answer = counter.ask("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/api/nothing", 404, "404 Not Found"),
        ("GET", "/api/counter/increment", 405, "405 Method Not Allowed"),
        ("POST", "/api/counter", 405, "405 Method Not Allowed"),
        ("POST", "/health", 405, "405 Method Not Allowed"),
    ],
)
def test_wrong_requests_get_json(
    counter: Counter, method: str, path: str, status: int, error: str
) -> None:
    answer = counter.ask(method, path)
    assert (answer.status, answer.json) == (status, {"error": error})


def test_a_405_names_the_allowed_methods(counter: Counter) -> None:
    assert "POST" in counter.ask("GET", "/api/counter/increment").headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/health", "/api/counter", "/api/nothing", "/nothing",
                                  "/static/counter.css"])
def test_every_response_names_replica_and_node(counter: Counter, path: str) -> None:
    headers = counter.ask("GET", path).headers
    assert headers["X-Replica"] == socket.gethostname()
    assert headers["X-Node"] == "node7"


def test_a_key_that_holds_no_number_is_explained_and_mended_by_reset(
    counter: Counter, redis: RedisServer
) -> None:
    redis.command("SET", "counter", "many")
    answer = counter.ask("GET", "/api/counter")
    assert answer.status == 503
    assert "is not a number" in answer.json["error"]
    assert counter.ask("POST", "/api/counter/increment").status == 503
    counter.ask("POST", "/api/counter/reset")
    assert counter.ask("POST", "/api/counter/increment").json["count"] == 1


def test_parallel_increments_over_several_workers_add_exactly(
    counter: Counter, redis: RedisServer
) -> None:
    seen: list[int] = []
    workers: set[int] = set()
    earlier = len(counter.requests())
    end = time.monotonic() + DEADLINE_S
    # The kernel deals out connections as it likes: go on until two workers had a part.
    while len(workers) < 2:
        assert time.monotonic() < end, f"only the workers {workers} ever answered"
        with ThreadPoolExecutor(20) as clients:
            answers = clients.map(
                lambda _: counter.ask("POST", "/api/counter/increment"), range(200)
            )
            seen += [answer.json["count"] for answer in answers]
        workers = {line["pid"] for line in counter.requests()[earlier:]}
    assert sorted(seen) == list(range(1, len(seen) + 1))
    assert redis.command("GET", "counter") == str(len(seen))
