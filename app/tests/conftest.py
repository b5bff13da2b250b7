"""What every test starts from: a real Redis and a real gunicorn in front of it."""

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from processes import Counter, RedisServer, memory_folder, running_counter  # noqa: E402
from redis_apps import serves  # noqa: E402

_made: list[str] = []


@pytest.hookimpl(tryfirst=True)  # before pytest looks where its folders are to be
def pytest_configure(config: pytest.Config) -> None:
    # Told to end, it ends what it has started, and removes its folders. What a shell starts in the background ignores two of these, and so
    # would all that the tests start: a shell script cannot even ask for them again.
    for asked_to_end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked_to_end, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    memory = memory_folder()
    if memory and not config.option.basetemp:
        # Sentinels and the nodes of a cluster write down what changes, and wait for the disk, whatever is said of fsync.
        _made.append(tempfile.mkdtemp(prefix="counter-tests-", dir=memory))
        config.option.basetemp = f"{_made[0]}/run"


def pytest_unconfigure() -> None:
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)


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
        # A worker that is told to end while it starts does not hear it, and is killed after twenty seconds.
        serves(running)
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
