"""A Redis client for experiments: runs in a container of the stack and needs only the standard library.

It logs every write with its result, so that the final data can be compared with the acknowledged writes. It reads the password
from the file in REDIS_PASSWORD_FILE and never prints it.
"""

import json
import os
import socket
import sys
import time

TIMEOUT_S = 1.0
LATE_S = 5.0


class Refused(Exception):
    """Redis returned an error: the write was not applied."""


class Session:
    """One connection; any failure closes it."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT_S) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self.address = self._socket.getpeername()[0]
        password = password_of()
        if password:
            self.ask("AUTH", password)

    def ask(self, *words: object) -> object:
        self.send(words)
        return self.read()

    def send(self, *commands: tuple) -> None:
        out = bytearray()
        for words in commands:
            out += b"*%d\r\n" % len(words)
            for word in words:
                data = str(word).encode()
                out += b"$%d\r\n%s\r\n" % (len(data), data)
        self._socket.sendall(out)

    def read(self) -> object:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection was closed")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            raise Refused(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == "-1":
                return None
            return self._file.read(int(rest) + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return [] if rest == "-1" else [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not a Redis reply: {line!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def password_of() -> str:
    path = os.environ.get("REDIS_PASSWORD_FILE")
    if not path:
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\r\n")


def address_of(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def emit(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def ask(servers: str, *words: str) -> None:
    """Sends a command to each server; prints one line per server with its reply or error."""
    for each in servers.split(","):
        host, port = address_of(each)
        try:
            session = Session(host, port)
            try:
                emit(at=each, address=session.address, reply=session.ask(*words))
            finally:
                session.close()
        except Refused as error:
            emit(at=each, refused=str(error))
        except OSError as error:
            emit(at=each, failed=str(error))


def await_master(servers: str, limit: str, *excluded: str) -> None:
    """Waits until one of the servers, except the excluded ones, reports the role master, and prints it."""
    deadline = time.monotonic() + float(limit)
    candidates = [each for each in servers.split(",") if each not in excluded]
    while time.monotonic() < deadline:
        for each in candidates:
            try:
                session = Session(*address_of(each), timeout=0.3)
                try:
                    role = session.ask("ROLE")
                finally:
                    session.close()
            except (OSError, Refused):
                continue
            if role[0] == "master":
                emit(master=each, address=session.address)
                return
        time.sleep(0.05)
    emit(master=None)


def increments(server: str, key: str, per_second: str, seconds: str, replicas: str = "0", wait_ms: str = "500") -> None:
    """Increments at a constant rate over one connection and logs each result.

    `ok`: acknowledged (and confirmed by `replicas` replicas); `no`: refused, not applied; `unsure`: sent, result unknown.
    """
    host, port = address_of(server)
    began = time.monotonic()
    session = None
    sent = 0
    while True:
        due = began + sent / float(per_second)
        now = time.monotonic()
        if max(now, due) - began >= float(seconds):
            break
        if due > now:
            time.sleep(due - now)
        sent += 1
        at = round(time.time() * 1000)
        sent_command, value = False, None
        try:
            if session is None:
                session = Session(host, port)
            sent_command = True
            value = session.ask("INCR", key)
            if int(replicas) > 0 and session.ask("WAIT", replicas, wait_ms) < int(replicas):
                emit(at=at, was="unsure", value=value, why="not confirmed by a replica")
            else:
                emit(at=at, was="ok", value=value)
        except Refused as error:
            # With a value, the increment was applied and only the confirmation was refused.
            emit(at=at, was="no" if value is None else "unsure", why=str(error))
        except OSError as error:
            session = None
            emit(at=at, was="unsure" if sent_command else "no", why=str(error))
    emit(ended=True)


def lag(master: str, replica: str, key: str, samples: str, pause_ms: str) -> None:
    """Measures how long after the master's acknowledgment a replica still returns the old value, in microseconds.

    Before each write it reads from the replica once: that round trip (network latency, and CPU wait of this client) is the
    resolution of the measurement.
    """
    on_master, on_replica = Session(*address_of(master), timeout=LATE_S), Session(*address_of(replica), timeout=LATE_S)
    for _ in range(int(samples)):
        began = time.perf_counter()
        on_replica.ask("GET", key)
        trip = round((time.perf_counter() - began) * 1e6)
        value = on_master.ask("INCR", key)
        acknowledged = time.perf_counter()
        reads = 0
        while True:
            read_at = time.perf_counter()
            reads += 1
            if int(on_replica.ask("GET", key) or 0) >= value:
                emit(lag=round((time.perf_counter() - acknowledged) * 1e6), looks=reads, trip=trip)
                break
            if read_at - acknowledged > LATE_S:
                emit(late=True, trip=trip)
                break
        time.sleep(float(pause_ms) / 1000)
    emit(ended=True)


def load(server: str, key: str, seconds: str, pipeline: str) -> None:
    """Increments as fast as possible, with that many commands in a pipeline."""
    session = Session(*address_of(server), timeout=LATE_S)
    began = time.monotonic()
    done = 0
    while time.monotonic() - began < float(seconds):
        session.send(*[("INCR", key)] * int(pipeline))
        for _ in range(int(pipeline)):
            session.read()
        done += int(pipeline)
    emit(increments=done, seconds=round(time.monotonic() - began, 3))


def main() -> None:
    subcommand, *args = sys.argv[1:]
    {"ask": ask, "await-master": await_master, "increments": increments, "lag": lag, "load": load}[subcommand](*args)


main()
