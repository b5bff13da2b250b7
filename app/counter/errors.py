"""Errors of Redis, and whether the command that caused one was executed."""

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

TRANSIENT = (ReadOnlyError, AskError, ClusterDownError, TryAgainError, BusyLoadingError)
"""Errors of a node that is not the master, or not yet.

MovedError is an AskError, MasterDownError a ClusterDownError.
"""

# Errors without a class in redis-py, at least in Debian 12's release, start with their code.
TRANSIENT_CODES = ("NOREPLICAS", "MOVED", "ASK", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNBLOCKED")


class StoreUnavailable(Exception):
    """A command failed; the message is for users."""


class MasterUnknown(RedisError):
    """The master is unknown; the message names the nodes that were asked."""


def is_refusal(error: RedisError) -> bool:
    """Whether Redis answered that it did not execute the command. Then repeating it cannot count twice."""
    # The last two are lost connections for redis-py, but answers of Redis.
    return isinstance(error, (ResponseError, BusyLoadingError, AuthenticationError))


def is_transient(error: RedisError) -> bool:
    """Whether the same command may succeed later, or on another node."""
    if isinstance(error, TRANSIENT) or str(error).split(" ", 1)[0] in TRANSIENT_CODES:
        return True
    return not is_refusal(error)


def user_message(error: RedisError) -> str:
    """The message for users; some errors of redis-py have no text."""
    # Debian 12's redis-py has line breaks within sentences.
    text = " ".join(str(error).split()) or type(error).__name__
    if is_refusal(error):
        return f"Redis refused: {text}"
    return f"Redis is unavailable: {text}"

