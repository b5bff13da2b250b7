"""Settings of all three services, from the environment."""

import os
import socket
from pathlib import Path

WHO = {"replica": socket.gethostname(), "node": os.environ.get("NODE_NAME") or "unknown"}
"""The container, and its node as filled in by Swarm."""

REDIS_HOST = os.environ.get("REDIS_HOST") or "redis"
REDIS_PORT = int(os.environ.get("REDIS_PORT") or 6379)

DB_HOST = os.environ.get("DB_HOST") or "db"
DB_PORT = int(os.environ.get("DB_PORT") or 5432)

CHOICES = [name.strip() for name in (os.environ.get("CHOICES") or "Tea,Coffee").split(",")]
"""The choices, in the order of the buttons."""

QUESTION = os.environ.get("QUESTION") or "What keeps a cluster awake?"


def db_password() -> str | None:
    """The password, if a secret with it is mounted."""
    path = os.environ.get("DB_PASSWORD_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else None
