"""The page: it works with nothing but forms."""

import pytest

from processes import Counter, RedisServer


@pytest.fixture
def redis(lasting_redis: RedisServer) -> RedisServer:
    return lasting_redis


@pytest.fixture
def counter(lasting_counter: Counter) -> Counter:
    return lasting_counter


def test_the_page_shows_count_replica_and_node(counter: Counter, redis: RedisServer) -> None:
    redis.command("SET", "counter", "4711")
    answer = counter.ask("GET", "/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert ">4711</output>" in answer.text
    assert f'<dd id="replica">{answer.headers["X-Replica"]}</dd>' in answer.text
    assert '<dd id="node">node7</dd>' in answer.text


def test_buttons_change_the_count_and_lead_back_to_the_page(
    counter: Counter, redis: RedisServer
) -> None:
    redis.command("SET", "counter", "5")
    for action, count in [("increment", "6"), ("decrement", "5"), ("reset", "0")]:
        answer = counter.ask("POST", "/", f"action={action}".encode())
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert redis.command("GET", "counter") == count


def test_a_button_that_does_not_exist_is_refused(counter: Counter) -> None:
    assert counter.ask("POST", "/", b"action=explode").status == 400


def test_the_files_of_the_page_are_served(counter: Counter) -> None:
    for name in ["counter.css", "counter.js", "icon.svg"]:
        assert f'"static/{name}"' in counter.ask("GET", "/").text
        assert counter.ask("GET", f"/static/{name}").status == 200
