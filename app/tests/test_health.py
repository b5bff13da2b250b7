"""health.sh: what Docker asks a replica with, whichever image it is in."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from processes import Counter, RedisServer, free_port, running_counter, wait_until

SCRIPT = Path(__file__).parent.parent / "health.sh"


@pytest.fixture(params=["curl", "python3"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH on which the script finds one program to ask with."""
    # The interpreter itself: what the PATH has may be a script that looks for it there.
    found = sys.executable if request.param == "python3" else shutil.which(request.param)
    assert found, f"{request.param} is missing"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / request.param).symlink_to(found)
    return str(tmp_path / "bin")


def asked(path: str, port: int, **env: str) -> int:
    return subprocess.run(
        ["/bin/sh", SCRIPT],
        env={"PATH": path, "PORT": str(port), **env}, capture_output=True, check=False,
    ).returncode


def test_a_replica_that_has_started_is_healthy_also_without_its_redis(
    counter: Counter, redis: RedisServer, path: str
) -> None:
    wait_until(lambda: counter.ask("GET", "/health/started").status == 200, "Redis reached")
    assert asked(path, counter.port) == 0
    redis.stop()
    assert asked(path, counter.port, http_proxy="http://127.0.0.1:9") == 0


def test_one_that_has_not_reached_its_redis_yet_is_not(tmp_path: Path, path: str) -> None:
    with running_counter(tmp_path, free_port()) as counter:
        assert asked(path, counter.port) != 0


def test_where_nobody_answers_none_is(path: str) -> None:
    assert asked(path, free_port()) != 0
