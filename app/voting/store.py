"""The votes in PostgreSQL: one row for each person."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection

from voting.queue import Vote
from voting.settings import DB_HOST, DB_PORT, db_password

TABLE = """
CREATE TABLE IF NOT EXISTS votes (
    voter text PRIMARY KEY,
    choice text NOT NULL,
    at bigint NOT NULL
)"""

# A vote that comes late does not undo a newer one.
KEEP = """
INSERT INTO votes (voter, choice, at) VALUES (%s, %s, %s)
ON CONFLICT (voter) DO UPDATE SET choice = EXCLUDED.choice, at = EXCLUDED.at
WHERE votes.at <= EXCLUDED.at"""

COUNT = "SELECT choice, count(*) FROM votes GROUP BY choice"


@contextmanager
def open_store() -> Iterator["Store"]:
    """Connects; raises psycopg2.Error where the database does not answer."""
    db = psycopg2.connect(
        host=DB_HOST, port=DB_PORT, user="voting", dbname="voting", password=db_password(),
        connect_timeout=3, options="-c statement_timeout=5000",
        # A line whose other end is gone is noticed in seconds.
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
    )
    try:
        db.autocommit = True
        yield Store(db)
    finally:
        db.close()


class Store:
    """An open database."""

    def __init__(self, db: connection) -> None:
        self._db = db

    def prepare(self) -> None:
        """Makes the table where there is none."""
        with self._db.cursor() as cursor:
            cursor.execute(TABLE)

    def keep(self, vote: Vote) -> None:
        """Makes this the voter's one vote."""
        with self._db.cursor() as cursor:
            cursor.execute(KEEP, (vote.voter, vote.choice, vote.at))

    def counts(self) -> dict[str, int]:
        """How many people want what; empty before the first vote."""
        with self._db.cursor() as cursor:
            try:
                cursor.execute(COUNT)
            except UndefinedTable:
                return {}
            return dict(cursor.fetchall())
