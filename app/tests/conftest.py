"""What every test starts from: a real Redis and a real gunicorn in front of it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from processes import Counter, RedisServer, running_counter  # noqa: E402


@pytest.fixture
def stopped_redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    yield server
    server.stop()


@pytest.fixture
def redis(stopped_redis: RedisServer) -> RedisServer:
    stopped_redis.start()
    return stopped_redis


@pytest.fixture
def counter(tmp_path: Path, redis: RedisServer) -> Iterator[Counter]:
    with running_counter(tmp_path, redis.port) as running:
        yield running


@pytest.fixture(scope="session")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisServer, Counter]]:
    """One Redis and one app for all tests that leave both alive: each start takes a second."""
    folder = tmp_path_factory.mktemp("lasting")
    server = RedisServer(folder)
    try:
        server.start()
        with running_counter(folder, server.port) as running:
            yield server, running
    finally:
        server.stop()


@pytest.fixture
def lasting_redis(lasting: tuple[RedisServer, Counter]) -> RedisServer:
    lasting[0].command("FLUSHALL")
    return lasting[0]


@pytest.fixture
def lasting_counter(lasting_redis: RedisServer, lasting: tuple[RedisServer, Counter]) -> Counter:
    return lasting[1]
