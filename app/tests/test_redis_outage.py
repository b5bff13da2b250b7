"""Redis comes late, goes, and comes back; the app stays."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from counter.executor import CommandExecutor
from counter.redis_settings import read_redis_settings
from counter.redis_topology import create_topology
from counter.store import CounterStore
from processes import Counter, RedisServer, running_counter, wait_until


@contextmanager
def redis_proxy(redis_port: int) -> Iterator[tuple[int, list[threading.Event]]]:
    """A port that leads to Redis, and an event for each connection: once set, answers get lost."""
    silenced: list[threading.Event] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if not silent.is_set():
                    target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", redis_port))
                silenced.append(threading.Event())
                for way in [(client, server, threading.Event()), (server, client, silenced[-1])]:
                    threading.Thread(target=carry, args=way, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1], silenced
    listener.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/counter"), ("POST", "/api/counter/increment"),
     ("POST", "/api/counter/decrement"), ("POST", "/api/counter/reset")],
)
def test_without_redis_requests_get_503_and_work_again_when_it_is_back(
    counter: Counter, redis: RedisServer, method: str, path: str
) -> None:
    assert counter.ask(method, path).status == 200
    redis.stop()
    answer = counter.ask(method, path)
    assert answer.status == 503
    assert "Redis is unavailable" in answer.json["error"]
    redis.start()
    assert counter.ask(method, path).status == 200


def test_the_count_survives_a_restart_of_redis(counter: Counter, redis: RedisServer) -> None:
    counter.ask("POST", "/api/counter/increment")
    redis.stop()
    redis.start()
    assert counter.ask("POST", "/api/counter/increment").json["count"] == 2


def test_health_follows_redis_but_started_does_not(counter: Counter, redis: RedisServer) -> None:
    wait_until(lambda: counter.ask("GET", "/health/started").status == 200, "Redis reached")
    wait_until(lambda: counter.log_text().count("Redis is available") == 2, "both workers ready")
    redis.stop()
    answer = counter.ask("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "unavailable")
    assert "Redis is unavailable" in answer.json["reason"]
    assert counter.ask("GET", "/health/started").status == 200
    redis.start()
    assert counter.ask("GET", "/health").status == 200


def test_an_app_that_is_there_before_redis_waits_and_then_serves(
    tmp_path: Path, stopped_redis: RedisServer
) -> None:
    with running_counter(tmp_path, stopped_redis.port) as counter:
        wait_until(lambda: "waiting for Redis" in counter.log_text(), "the app to wait")
        assert counter.ask("GET", "/api/counter").status == 503
        assert counter.ask("GET", "/health/started").status == 503
        stopped_redis.start()
        wait_until(lambda: counter.log_text().count("Redis is available") == 2, "both workers ready")
        assert counter.ask("GET", "/health/started").status == 200
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        assert counter.process.poll() is None


def test_a_change_whose_answer_is_lost_gives_503_and_is_not_made_twice(
    tmp_path: Path, redis: RedisServer
) -> None:
    with redis_proxy(redis.port) as (port, silenced), \
            running_counter(tmp_path, port, WEB_CONCURRENCY="1", REDIS_TIMEOUT="4") as counter:
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        for connection in silenced:
            connection.set()
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert "whether the change was made is not known" in answer.json["error"]
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 3


def test_an_idle_connection_that_died_in_silence_costs_no_request(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counter.redis_options.PING_AFTER_IDLE_S", 0.000_001)
    with redis_proxy(redis.port) as (port, silenced):
        settings = read_redis_settings(
            {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "REDIS_TIMEOUT": "4"}
        )
        store = CounterStore(settings, "counter", CommandExecutor(create_topology(settings, "counter")))
        assert store.increment() == 1
        silenced[0].set()
        assert store.increment() == 2
        assert len(silenced) == 2


def test_the_log_tells_once_that_redis_went_and_once_that_it_came(
    tmp_path: Path, redis: RedisServer
) -> None:
    with running_counter(tmp_path, redis.port, WEB_CONCURRENCY="1") as counter:
        wait_until(lambda: "Redis is available" in counter.log_text(), "Redis reached")
        redis.stop()
        for _ in range(5):
            counter.ask("GET", "/api/counter")
        redis.start()
        counter.ask("GET", "/api/counter")
        messages = [line["message"] for line in counter.log_lines()]
    assert len([text for text in messages if text.startswith("lost Redis")]) == 1
    assert messages.count("Redis is available") == 2


def test_without_redis_the_page_says_why(counter: Counter, redis: RedisServer) -> None:
    redis.stop()
    answer = counter.ask("GET", "/")
    assert answer.status == 503
    assert "Redis is unavailable" in answer.text
    pressed = counter.ask("POST", "/", b"action=increment")
    assert pressed.status == 503
    assert "Redis is unavailable" in pressed.text
