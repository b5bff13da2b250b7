"""SIGTERM: what was begun is finished."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes import DEADLINE_S, Counter, RedisServer, running_counter, wait_until

BODY = b"action=increment"


def half_a_request(counter: Counter) -> socket.socket:
    """A press of a button whose body is still on its way, so that the request stays open."""
    client = socket.create_connection((counter.address, counter.port), timeout=DEADLINE_S)
    client.sendall(
        b"POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(BODY)
    )
    # gunicorn sends "100 Continue" from the thread that has taken the request up.
    assert client.recv(100).startswith(b"HTTP/1.1 100")
    client.sendall(BODY[:5])
    return client


def is_stopping(counter: Counter) -> bool:
    return "Handling signal: term" in counter.log_text()


def test_a_request_that_is_open_when_sigterm_comes_is_finished(
    counter: Counter, redis: RedisServer
) -> None:
    client = half_a_request(counter)
    counter.process.send_signal(signal.SIGTERM)
    wait_until(lambda: is_stopping(counter), "gunicorn to take the signal")
    client.sendall(BODY[5:])
    assert client.recv(100).startswith(b"HTTP/1.1 303")
    client.close()
    assert counter.process.wait(DEADLINE_S) == 0
    assert redis.command("GET", "counter") == "1"


def test_requests_that_wait_for_redis_when_sigterm_comes_are_finished(
    tmp_path: Path, redis: RedisServer
) -> None:
    clients = 8  # as many as one worker has threads, should all come to the same one
    with running_counter(tmp_path, redis.port, REDIS_TIMEOUT="60") as counter, \
            ThreadPoolExecutor(clients) as pool:
        wait_until(lambda: counter.log_text().count("Redis is available") == 2, "both workers ready")
        redis.command("CLIENT", "PAUSE", "60000", "WRITE")
        answers = [
            pool.submit(counter.ask, "POST", "/api/counter/increment") for _ in range(clients)
        ]
        # Each request that Redis holds back shows there as a connection that last said "incr".
        wait_until(
            lambda: redis.command("CLIENT", "LIST").count("cmd=incr") == clients, "all in flight"
        )
        counter.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_stopping(counter), "gunicorn to take the signal")
        redis.command("CLIENT", "UNPAUSE")
        counts = sorted(answer.result().json["count"] for answer in answers)
        assert counts == list(range(1, clients + 1))
        assert counter.process.wait(DEADLINE_S) == 0


def test_requests_are_taken_for_a_while_after_sigterm_where_that_is_asked_for(
    tmp_path: Path, redis: RedisServer
) -> None:
    with running_counter(tmp_path, redis.port, STOP_DELAY_SECONDS="10") as counter:
        counter.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_stopping(counter), "gunicorn to take the signal")
        assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
        assert counter.process.wait(DEADLINE_S) == 0


def test_an_idle_app_ends_cleanly(counter: Counter) -> None:
    assert counter.stop() == 0
    assert all(line["level"] == "info" for line in counter.log_lines())
