"""Redis comes late, goes, and comes back; the app stays."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from processes import Counter, RedisServer, running_counter, wait_until


@contextmanager
def lost_answers(redis_port: int) -> Iterator[tuple[int, threading.Event]]:
    """A way to Redis on which answers get lost while the event is set; questions never do."""
    lose = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if not (answers and lose.is_set()):
                    target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", redis_port))
                for way in [(client, server, False), (server, client, True)]:
                    threading.Thread(target=carry, args=way, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1], lose
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
    assert "Redis is away" in answer.json["error"]
    redis.start()
    assert counter.ask(method, path).status == 200


def test_the_count_survives_a_restart_of_redis(counter: Counter, redis: RedisServer) -> None:
    counter.ask("POST", "/api/counter/increment")
    redis.stop()
    redis.start()
    assert counter.ask("POST", "/api/counter/increment").json["count"] == 2


def test_health_follows_redis_but_started_does_not(counter: Counter, redis: RedisServer) -> None:
    wait_until(lambda: counter.ask("GET", "/health/started").status == 200, "Redis reached")
    wait_until(lambda: counter.log_text().count("Redis answers") == 2, "both workers ready")
    redis.stop()
    answer = counter.ask("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "unavailable")
    assert "Redis is away" in answer.json["reason"]
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
        wait_until(lambda: counter.log_text().count("Redis answers") == 2, "both workers ready")
        assert counter.ask("GET", "/health/started").status == 200
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        assert counter.process.poll() is None


def test_a_change_whose_answer_is_lost_gives_503_and_is_not_made_twice(
    tmp_path: Path, redis: RedisServer
) -> None:
    with lost_answers(redis.port) as (port, lose), \
            running_counter(tmp_path, port, REDIS_TIMEOUT="0.5") as counter:
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        lose.set()
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert "whether the change was made is not known" in answer.json["error"]
        lose.clear()
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 3


def test_a_connection_that_died_in_silence_costs_no_request(
    tmp_path: Path, redis: RedisServer
) -> None:
    with lost_answers(redis.port) as (port, lose), \
            running_counter(tmp_path, port, WEB_CONCURRENCY="1", REDIS_TIMEOUT="0.5") as counter:
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        redis.command("CLIENT", "KILL", "TYPE", "normal")
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 2


def test_the_log_tells_once_that_redis_went_and_once_that_it_came(
    tmp_path: Path, redis: RedisServer
) -> None:
    with running_counter(tmp_path, redis.port, WEB_CONCURRENCY="1") as counter:
        wait_until(lambda: "Redis answers" in counter.log_text(), "Redis reached")
        redis.stop()
        for _ in range(5):
            counter.ask("GET", "/api/counter")
        redis.start()
        counter.ask("GET", "/api/counter")
        messages = [line["message"] for line in counter.log_lines()]
    assert len([text for text in messages if text.startswith("lost Redis")]) == 1
    assert messages.count("Redis answers") == 2


def test_without_redis_the_page_says_why(counter: Counter, redis: RedisServer) -> None:
    redis.stop()
    answer = counter.ask("GET", "/")
    assert answer.status == 503
    assert "Redis is away" in answer.text
    assert counter.ask("POST", "/", b"action=increment").status == 303
