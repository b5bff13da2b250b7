"""Settings: defaults, and one clear line for each mistake."""

from pathlib import Path

import pytest

from counter.settings import SettingsError, read_settings
from processes import free_port, running_counter


def test_defaults() -> None:
    settings = read_settings({})
    assert (settings.redis_host, settings.redis_port, settings.key) == ("redis", 6379, "counter")
    assert (settings.port, settings.workers, settings.log_level) == (8080, 2, "INFO")
    assert (settings.node, settings.redis_password) == ("unknown", None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("REDIS_PORT", "-1"),
     ("WEB_CONCURRENCY", "1.5"), ("REDIS_TIMEOUT", "0"), ("REDIS_TIMEOUT", "nan"),
     ("REDIS_TIMEOUT", "soon"), ("LOG_LEVEL", "LOUD"), ("REDIS_PASSWORD_FILE", "/does/not/exist")],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}="):
        read_settings({name: text})


def test_an_empty_password_file_is_a_mistake(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is empty"):
        read_settings({"REDIS_PASSWORD_FILE": str(empty)})


def test_the_password_file_wins_and_the_password_is_not_printed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n", encoding="utf-8")
    settings = read_settings({"REDIS_PASSWORD_FILE": str(secret), "REDIS_PASSWORD": "from-env"})
    assert settings.redis_password == "from-file"
    assert "from-file" not in repr(settings)


def test_the_app_ends_at_once_with_the_message_alone(tmp_path: Path) -> None:
    with running_counter(tmp_path, free_port(), REDIS_PASSWORD_FILE="/does/not/exist") as counter:
        assert counter.process.wait(30) == 1
    assert counter.log_text() == (
        "counter: REDIS_PASSWORD_FILE=/does/not/exist: cannot be read (No such file or directory); "
        "mount the secret there or unset the variable\n"
    )
