"""The votes in PostgreSQL: one row per voter."""

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

# A late vote does not replace a newer one.
KEEP = """
INSERT INTO votes (voter, choice, at) VALUES (%s, %s, %s)
ON CONFLICT (voter) DO UPDATE SET choice = EXCLUDED.choice, at = EXCLUDED.at
WHERE votes.at <= EXCLUDED.at"""

COUNT = "SELECT choice, count(*) FROM votes GROUP BY choice"


@contextmanager
def open_store() -> Iterator["Store"]:
    """Connects. Raises psycopg2.Error if the database does not answer."""
    db = psycopg2.connect(
        host=DB_HOST, port=DB_PORT, user="voting", dbname="voting", password=db_password(),
        connect_timeout=3, options="-c statement_timeout=5000",
        # A dead connection is noticed within seconds.
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
    )
    try:
        db.autocommit = True
        yield Store(db)
    finally:
        db.close()


class Store:
    """A connection to the database."""

    def __init__(self, db: connection) -> None:
        self._db = db

    def prepare(self) -> None:
        """Creates the table if it does not exist."""
        with self._db.cursor() as cursor:
            cursor.execute(TABLE)

    def keep(self, vote: Vote) -> None:
        """Stores the vote of a voter."""
        with self._db.cursor() as cursor:
            cursor.execute(KEEP, (vote.voter, vote.choice, vote.at))

    def counts(self) -> dict[str, int]:
        """Votes per choice; empty before the first vote."""
        with self._db.cursor() as cursor:
            try:
                cursor.execute(COUNT)
            except UndefinedTable:
                return {}
            return dict(cursor.fetchall())
