"""Real processes for the tests: redis-server, gunicorn, nginx; each ends with its test."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar

APP = Path(__file__).resolve().parent.parent
# Only what never happens takes so long: Sentinels that a stall of two seconds has made doubt their clock do nothing for 30 s.
DEADLINE_S = 120.0
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 256 * 2**20

_ports_given: set[int] = set()
Held = TypeVar("Held")


def memory_folder() -> Path | None:
    """Where files are kept in memory, if there is such a place: a busy disk holds up for seconds whoever fsyncs there."""
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED
    return MEMORY if fits else None


def free_port(address: str = "127.0.0.1") -> int:
    """A port nobody listens on now; below those that outgoing connections get, so that none takes it before it is used.

    Each worker of pytest-xdist has its own thousand."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    while True:
        port = 15_000 + 1000 * (worker % 5) + random.randrange(1000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((address, port))
            if port not in _ports_given:
                _ports_given.add(port)
                return port


def wait_until(condition: Callable[[], Held], what: str) -> Held:
    """Waits for something that must happen, and returns it; fails with its name when it does not."""
    end = time.monotonic() + DEADLINE_S
    while not (held := condition()):
        assert time.monotonic() < end, f"waited {DEADLINE_S:.0f} s in vain for: {what}"
        time.sleep(0.02)
    return held


def is_listening(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGTERM) -> int:
    """Ends a process if it still runs; returns its exit code."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@dataclass
class Answer:
    """An HTTP response, whatever its status."""

    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _KeepRedirects())


class RedisServer:
    """A redis-server on loopback that can be stopped and started again on the same port."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        self.port = free_port()
        self.password = password
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        auth = ["--requirepass", self.password] if self.password else []
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
             # Without fsync the file still outlives the process, and a busy disk does not hold up answers.
             "--dir", str(self._folder), "--save", "", "--appendonly", "yes", "--appendfsync", "no", *auth],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: self.command("PING") == "PONG", "Redis to answer")

    def stop(self) -> None:
        if self._process:
            end(self._process)
            self._process = None

    def command(self, *words: str) -> str:
        """Asks by redis-cli, so that tests do not trust the client the app uses."""
        auth = {"REDISCLI_AUTH": self.password} if self.password else {}
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words],
            capture_output=True, text=True, env=os.environ | auth, check=False,
        )
        return done.stdout.strip()


class Counter:
    """The app as it is served: a gunicorn with its workers."""

    def __init__(self, log: Path, port: int, address: str, env: dict[str, str]) -> None:
        self.address = address
        self.port = port
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"{address}:{port}"],
                cwd=APP, stdout=out, stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **env},
            )
        wait_until(self._serves_or_ended, "gunicorn to listen")

    def _serves_or_ended(self) -> bool:
        return self.process.poll() is not None or is_listening(self.port, self.address)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    def ask(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
        return ask(self.url, method, path, data, **headers)

    def log_text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_text().splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        """The access log; a request is logged after its answer was sent."""
        return [line for line in self.log_lines() if line["message"] == "request"]

    def stop(self) -> int:
        return end(self.process)


def ask(base: str, method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
    """One request without redirects; `X_Name=...` sends the header X-Name."""
    request = urllib.request.Request(
        base + path, data=data, method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with _opener.open(request, timeout=DEADLINE_S) as response:
            return Answer(response.status, response.headers, response.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


@contextmanager
def running_counter(
    folder: Path, redis_port: int | None = None, *, address: str = "127.0.0.1", port: int | None = None,
    **env: str,
) -> Iterator[Counter]:
    """The app; `redis_port` is for topologies where Redis is at one address."""
    port = port or free_port(address)
    redis = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port)} if redis_port else {}
    counter = Counter(
        folder / f"counter-{address}-{port}.log", port, address,
        # Long enough for a Redis that a loaded machine holds up; the app's own second is not what most tests are about.
        {"REDIS_TIMEOUT": "8", **redis, "NODE_NAME": "node7", **env},
    )
    try:
        yield counter
    finally:
        counter.stop()
