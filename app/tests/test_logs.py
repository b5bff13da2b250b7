"""The log: one JSON object a line, complete, and silent on secrets."""

import socket
from pathlib import Path

from processes import Counter, RedisServer, running_counter, wait_until

PASSWORD = "correct-horse-battery"


def test_a_request_is_one_line_with_all_that_matters(counter: Counter) -> None:
    counter.ask("POST", "/api/counter/increment?token=hidden", X_Request_ID="trace-1")
    wait_until(lambda: len(counter.requests()) == 1, "the access log")
    [line] = counter.requests()
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("duration_ms") < 60_000
    assert line.pop("pid") > 0
    assert line == {
        "level": "info", "logger": "gunicorn.access", "message": "request",
        "replica": socket.gethostname(), "node": "node7",
        "method": "POST", "path": "/api/counter/increment", "status": 200,
        "request_id": "trace-1",
    }


def test_a_request_id_is_taken_over_or_made(counter: Counter) -> None:
    given = counter.ask("GET", "/health", X_Request_ID="trace-1")
    assert given.headers["X-Request-ID"] == "trace-1"
    for unusable in ["", "a" * 65, 'x"y', "a b"]:
        made = counter.ask("GET", "/health", X_Request_ID=unusable).headers["X-Request-ID"]
        assert len(made) == 32 and made.isalnum()


def test_checks_that_pass_are_not_logged_but_those_that_fail_are(
    counter: Counter, redis: RedisServer
) -> None:
    counter.ask("GET", "/health")
    redis.stop()
    counter.ask("GET", "/health")
    counter.ask("GET", "/api/counter")
    wait_until(lambda: len(counter.requests()) == 2, "the access log")
    assert sorted(line["path"] for line in counter.requests()) == ["/api/counter", "/health"]


def test_the_password_file_opens_redis_and_the_password_is_nowhere_to_be_seen(
    tmp_path: Path
) -> None:
    secret = tmp_path / "redis-password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    redis = RedisServer(tmp_path, PASSWORD)
    try:
        redis.start()
        with running_counter(
            tmp_path, redis.port, REDIS_PASSWORD_FILE=str(secret), LOG_LEVEL="debug"
        ) as counter:
            assert counter.ask("POST", "/api/counter/increment").json["count"] == 1
            redis.stop()
            answers = [counter.ask("GET", path) for path in ["/", "/health", "/api/counter"]]
            assert {answer.status for answer in answers} == {503}
        assert PASSWORD not in counter.log_text() + "".join(answer.text for answer in answers)
    finally:
        redis.stop()


def test_a_wrong_password_is_a_clear_503_without_the_password(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path, PASSWORD)
    try:
        redis.start()
        secret = tmp_path / "wrong"
        secret.write_text("wrong-guess", encoding="utf-8")
        with running_counter(
            tmp_path, redis.port, REDIS_PASSWORD_FILE=str(secret)
        ) as counter:
            answer = counter.ask("GET", "/api/counter")
            assert answer.status == 503
            assert "password" in answer.json["error"]
        assert "wrong-guess" not in counter.log_text() + answer.text
    finally:
        redis.stop()
