"""Numbers in settings, and the error of a wrong setting."""

from collections.abc import Mapping


class SettingsError(Exception):
    """A setting is missing or wrong. The message names it and the fix."""


def whole_number(
    env: Mapping[str, str], name: str, default: int, highest: int, *, lowest: int = 1
) -> int:
    """A whole number from `lowest` to `highest`. An empty variable counts as not set."""
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise SettingsError(f"{name}={text!r}: give a whole number from {lowest} to {highest}")
    return int(text)


def seconds(env: Mapping[str, str], name: str, default: float) -> float:
    """Seconds, more than 0 and at most 60."""
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 60.0:
        raise SettingsError(f"{name}={text!r}: give seconds, more than 0 and at most 60")
    return value
