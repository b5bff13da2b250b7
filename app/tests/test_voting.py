"""The voting app's parts as they are served, with a real Redis and the real start of PostgreSQL."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from processes import APP, Answer, RedisServer, ask, end, free_port, is_listening, memory_folder, wait_until

# PostgreSQL refuses to run as root.
DB_USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


class Database:
    """PostgreSQL as the image starts it, on loopback; its data outlives a stop."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            # As text: this user may not read the project's folder, as in /root.
            ["sh", "-c", (APP / "images/voting-db.sh").read_text()], cwd="/", user=DB_USER, stderr=subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"], "PGHOME": str(self._folder), "PGSOCKETS": str(self._folder),
                "PGPORT": str(self.port), "PGLISTEN": "127.0.0.1",
            },
        )
        # It listens before it is ready to answer.
        wait_until(lambda: self.query("SELECT 1").stdout == "1\n" or self._process.poll() is not None, "PostgreSQL to answer")
        assert self._process.poll() is None, "PostgreSQL ended at once"

    def query(self, command: str) -> subprocess.CompletedProcess[str]:
        """Asks by psql, so that tests do not trust the client the app uses."""
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
        return subprocess.run(
            [str(programs[-1]) if programs else "psql", "-h", "127.0.0.1", "-p", str(self.port),
             "-U", "voting", "-d", "voting", "-qtA", "-c", command],
            capture_output=True, text=True, check=False,
        )

    def stop(self) -> None:
        if self._process:
            end(self._process, signal.SIGINT)
            self._process = None


@dataclass
class Parts:
    """The pages and the worker, on one Redis and one database."""

    redis: RedisServer
    db: Database
    folder: Path
    stack: ExitStack
    urls: dict[str, str] = field(default_factory=dict)
    workers: int = 0

    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "NODE_NAME": "node7",
            "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.redis.port),
            "DB_HOST": "127.0.0.1", "DB_PORT": str(self.db.port),
        }

    def serve(self, page: str) -> None:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:voting.serve", "--bind", f"127.0.0.1:{port}",
             "--log-level", "warning", f"voting.{page}:create_app()"],
            cwd=APP, env=self.env(),
        )
        self.stack.callback(end, process)
        wait_until(lambda: is_listening(port), f"the {page} page to listen")
        self.urls[page] = f"http://127.0.0.1:{port}"

    def start_worker(self) -> subprocess.Popen[bytes]:
        self.workers += 1
        alive = self.folder / f"alive-{self.workers}"
        code = "import sys; from pathlib import Path; from voting import worker; " \
            "w = worker.Worker(Path(sys.argv[1])); worker.signal.signal(15, w.stop); w.run()"
        process = subprocess.Popen([sys.executable, "-c", code, str(alive)], cwd=APP, env=self.env())
        self.stack.callback(end, process)
        wait_until(alive.exists, "the worker to be at work")
        return process

    def counts(self) -> dict[str, int] | None:
        """None while the database is away."""
        return ask(self.urls["result"], "GET", "/api/result").json.get("counts")

    def wait_for(self, **counts: int) -> None:
        wait_until(lambda: self.counts() == counts, f"the result to be {counts}")


class Person:
    """A browser: keeps its cookies."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.cookies: dict[str, str] = {}

    def vote(self, choice: str, **headers: str) -> Answer:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(self._parts.urls["vote"], "POST", "/", urlencode({"choice": choice}).encode(), **headers)
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer


@pytest.fixture(scope="module")
def lasting_parts(lasting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    redis, _ = lasting
    # pytest's own folders are closed to other users. In memory, as PostgreSQL waits for the disk at each commit.
    home = Path(tempfile.mkdtemp(prefix="voting-db-", dir=memory_folder()))
    shutil.chown(home, DB_USER)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        db = Database(home)
        stack.callback(db.stop)
        db.start()
        parts = Parts(redis, db, tmp_path_factory.mktemp("voting"), stack)
        parts.serve("vote")
        parts.serve("result")
        yield parts


@pytest.fixture
def parts(lasting_parts: Parts, lasting_redis: RedisServer) -> Iterator[Parts]:
    """With empty queue and table, and a worker."""
    sql(lasting_parts, "DROP TABLE IF EXISTS votes")
    worker = lasting_parts.start_worker()
    yield lasting_parts
    assert end(worker) == 0, "the worker ends by itself when it is told to"


def sql(parts: Parts, command: str) -> str:
    done = parts.db.query(command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_vote_goes_through_queue_worker_and_database_to_the_result(parts: Parts) -> None:
    assert parts.counts() == {"Tea": 0, "Coffee": 0}
    answer = Person(parts).vote("Tea")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    parts.wait_for(Tea=1, Coffee=0)
    assert "1 person has voted" in ask(parts.urls["result"], "GET", "/").text
    assert parts.redis.command("LLEN", "votes") == "0"
    # Given up after it is in the database: the result may tell of it sooner.
    wait_until(lambda: parts.redis.command("LLEN", "votes:taken") == "0", "nothing to be in hand")


def test_one_person_has_one_vote_and_may_change_it(parts: Parts) -> None:
    one, other = Person(parts), Person(parts)
    for choice in ["Tea", "Tea", "Coffee"]:
        one.vote(choice)
    other.vote("Coffee")
    parts.wait_for(Tea=0, Coffee=2)
    assert sql(parts, "SELECT count(*) FROM votes") == "2"


def test_an_id_that_we_did_not_give_is_replaced(parts: Parts) -> None:
    person = Person(parts)
    person.cookies["voter"] = "x'; DROP TABLE votes; --"
    person.vote("Tea")
    assert len(person.cookies["voter"]) == 32
    parts.wait_for(Tea=1, Coffee=0)


def test_what_is_no_choice_is_refused(parts: Parts) -> None:
    assert Person(parts).vote("Milk").status == 400
    assert parts.redis.command("LLEN", "votes") == "0"


def test_a_vote_that_comes_late_does_not_undo_a_newer_one(parts: Parts) -> None:
    for choice, at in [("Coffee", 20), ("Tea", 10)]:
        parts.redis.command("LPUSH", "votes", f'{{"voter": "a", "choice": "{choice}", "at": {at}}}')
    wait_until(lambda: parts.redis.command("LLEN", "votes") == "0" == parts.redis.command("LLEN", "votes:taken"), "both votes to be kept")
    assert parts.counts() == {"Tea": 0, "Coffee": 1}


def test_votes_are_taken_while_the_database_is_away_and_counted_when_it_is_back(parts: Parts) -> None:
    Person(parts).vote("Tea")
    parts.wait_for(Tea=1, Coffee=0)
    parts.db.stop()
    try:
        for _ in range(3):
            assert Person(parts).vote("Coffee").status == 303
        answer = ask(parts.urls["result"], "GET", "/")
        assert answer.status == 503
        assert answer.json["error"].startswith("the result is not known: the database is away")
        assert ask(parts.urls["result"], "GET", "/health").status == 200, "such a replica must not be restarted"
    finally:
        parts.db.start()
    parts.wait_for(Tea=1, Coffee=3)


def test_a_vote_that_a_killed_worker_had_in_hand_is_counted_once(parts: Parts) -> None:
    # Where a vote is between the queue and the database.
    vote = '{"voter": "b", "choice": "Tea", "at": 5}'
    parts.redis.command("LPUSH", "votes:taken", vote)
    worker = parts.start_worker()
    try:
        parts.wait_for(Tea=1, Coffee=0)
        wait_until(lambda: parts.redis.command("LLEN", "votes:taken") == "0", "nothing to be in hand")
    finally:
        end(worker)


def test_pages_say_who_answers_and_follow_the_path_they_stand_below(parts: Parts) -> None:
    for page, below in [("vote", "/vote"), ("result", "/result")]:
        answer = ask(parts.urls[page], "GET", "/", X_Forwarded_Prefix=below)
        assert (answer.headers["X-Node"], answer.headers["X-Replica"]) == ("node7", socket.gethostname())
        assert '<b id="node">node7</b>' in answer.text
        assert f'href="{below}/static/voting.css"' in answer.text
        assert ask(parts.urls[page], "GET", "/static/voting.css").status == 200
    answer = Person(parts).vote("Tea", X_Forwarded_Prefix="/vote")
    assert answer.headers["Location"] == "/vote/"
    for cookie in answer.headers.get_all("Set-Cookie"):
        assert "; Path=/vote/" in cookie and "; HttpOnly" in cookie and "; SameSite=Lax" in cookie


def test_the_page_shows_the_choice_that_was_made(parts: Parts) -> None:
    person = Person(parts)
    person.vote("Coffee")
    cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    page = ask(parts.urls["vote"], "GET", "/", Cookie=cookies).text
    assert 'value="Coffee" aria-pressed="true"' in page
    assert 'value="Tea" aria-pressed="false"' in page
