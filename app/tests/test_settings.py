"""Settings: defaults, and one clear line for each mistake."""

from pathlib import Path

import pytest

from counter.settings import SettingsError, read_settings
from processes import DEADLINE_S, free_port, running_counter


def test_defaults() -> None:
    settings = read_settings({})
    redis = settings.redis
    assert (redis.topology, redis.nodes, settings.key) == ("single", (("redis", 6379),), "counter")
    assert (redis.wait_replicas, redis.wait_ms, redis.replicas) == (0, 500, 0)
    assert (settings.port, settings.workers, settings.log_level) == (8080, 2, "INFO")
    assert (settings.node, redis.password) == ("unknown", None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("REDIS_PORT", "-1"),
     ("WEB_CONCURRENCY", "1.5"), ("REDIS_TIMEOUT", "0"), ("REDIS_TIMEOUT", "nan"),
     ("REDIS_TIMEOUT", "soon"), ("REDIS_TOPOLOGY", "ring"), ("REDIS_WAIT_REPLICAS", "3"),
     ("REDIS_WAIT_MS", "0"), ("REDIS_REPLICAS", "-1"), ("LOG_LEVEL", "LOUD"), ("STOP_DELAY_SECONDS", "61"), ("REDIS_PASSWORD_FILE", "/does/not/exist")],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}="):
        read_settings({name: text})


def test_an_empty_password_file_is_a_mistake(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        read_settings({"REDIS_PASSWORD_FILE": str(empty)})


def test_the_password_comes_from_the_file_alone_and_is_not_printed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n", encoding="utf-8")
    settings = read_settings({"REDIS_PASSWORD_FILE": str(secret)})
    assert settings.redis.password == "from-file"
    assert "from-file" not in repr(settings)
    with pytest.raises(SettingsError, match="^REDIS_PASSWORD: ") as caught:
        read_settings({"REDIS_PASSWORD": "from-env"})
    assert "from-env" not in str(caught.value)


SENTINEL = {"REDIS_TOPOLOGY": "sentinel", "REDIS_NODES": "s-1:26379, s-2:26379,[fd00::3]:26379"}
CLUSTER = {"REDIS_TOPOLOGY": "cluster", "REDIS_NODES": "c-1:6379"}


def test_nodes_are_read_from_a_list() -> None:
    settings = read_settings(SENTINEL).redis
    assert settings.nodes == (("s-1", 26379), ("s-2", 26379), ("fd00::3", 26379))
    assert (settings.master_name, settings.replicas) == ("counter", 2)
    assert read_settings(CLUSTER).redis.replicas == 1


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"REDIS_TOPOLOGY": "sentinel"}, "REDIS_NODES: .* needs the addresses of the Sentinels"),
        ({"REDIS_TOPOLOGY": "cluster"}, "REDIS_NODES: .* needs the addresses of nodes of the cluster"),
        (SENTINEL | {"REDIS_HOST": "redis"}, "REDIS_HOST='redis': has no meaning with REDIS_TOPOLOGY=sentinel"),
        (CLUSTER | {"REDIS_MASTER_NAME": "x"}, "REDIS_MASTER_NAME='x': has no meaning .* only with sentinel"),
        ({"REDIS_NODES": "c-1:6379"}, "REDIS_NODES='c-1:6379': has no meaning with REDIS_TOPOLOGY=single"),
        (CLUSTER | {"REDIS_NODES": "c-1"}, "REDIS_NODES='c-1': 'c-1' is not HOST:PORT"),
        (CLUSTER | {"REDIS_NODES": "c-1:0"}, "'c-1:0' is not HOST:PORT"),
        (CLUSTER | {"REDIS_NODES": "c-1:1,,"}, "'' is not HOST:PORT"),
        (CLUSTER | {"REDIS_NODES": "c-1:1,c-1:1"}, "names a node twice"),
        ({"REDIS_WAIT_REPLICAS": "1"}, "REDIS_WAIT_REPLICAS=1: .*single has no replicas to wait for"),
        (CLUSTER | {"REDIS_WAIT_REPLICAS": "2"}, "REDIS_WAIT_REPLICAS=2: a master has only 1"),
        ({"REDIS_WAIT_MS": "1000"}, r"REDIS_WAIT_MS=1000: must be less than REDIS_TIMEOUT \(1000 ms\)"),
    ],
)
def test_contradictions_are_explained(env: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=f"{message}"):
        read_settings(env)


def test_the_app_ends_at_once_with_the_message_alone(tmp_path: Path) -> None:
    with running_counter(tmp_path, free_port(), REDIS_PASSWORD_FILE="/does/not/exist") as counter:
        assert counter.process.wait(DEADLINE_S) == 1
    assert counter.log_text() == (
        "counter: REDIS_PASSWORD_FILE=/does/not/exist: cannot be read (No such file or directory); "
        "mount the secret there or unset the variable\n"
    )
