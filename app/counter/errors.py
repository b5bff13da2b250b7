"""What can go wrong with Redis, and what each kind of it says about a command that was sent."""

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

NOT_NOW = (ReadOnlyError, AskError, ClusterDownError, TryAgainError, BusyLoadingError)
"""Refusals of a node that is not the master, or not yet.

MovedError is an AskError, MasterDownError a ClusterDownError.
"""

# What redis-py has no class for, at least in Debian 12's release, has its code in the text.
NOT_NOW_CODES = ("NOREPLICAS", "MOVED", "ASK", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNBLOCKED")


class StoreUnavailable(Exception):
    """Redis did not do what was asked; the message says why, in words for a user."""


class MasterUnknown(RedisError):
    """Nobody could say which node takes changes now; the message says who was asked."""


def is_refusal(error: RedisError) -> bool:
    """True where Redis answered that it did not execute the command, so that repeating it cannot count twice."""
    # redis-py counts these two as lost connections. They are answers.
    return isinstance(error, (ResponseError, BusyLoadingError, AuthenticationError))


def may_pass(error: RedisError) -> bool:
    """True where the same command may do soon, or with another node."""
    if isinstance(error, NOT_NOW) or str(error).split(" ", 1)[0] in NOT_NOW_CODES:
        return True
    return not is_refusal(error)


def in_words(error: RedisError) -> str:
    """The error for a user; some of redis-py's come without a text."""
    # Debian 12's redis-py breaks a line in the middle of a sentence.
    text = " ".join(str(error).split()) or type(error).__name__
    if is_refusal(error):
        return f"Redis refused: {text}"
    return f"Redis is away: {text}"

