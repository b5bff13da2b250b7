"""A client of Redis for experiments: runs in a container of the stack, on the standard library alone.

Every change it asks for is written down with what came of it, so that what Redis has in the end can be held against what it
acknowledged. The password is read from the file that REDIS_PASSWORD_FILE names, and is never printed.
"""

import json
import os
import socket
import sys
import time

TIMEOUT_S = 1.0
LATE_S = 5.0


class Refused(Exception):
    """Redis answered with an error: nothing was changed."""


class Session:
    """One connection; any failure ends it."""

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
        raise ConnectionError(f"not an answer of Redis: {line!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def password_of() -> str:
    path = os.environ.get("REDIS_PASSWORD_FILE")
    if not path:
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\r\n")


def place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def ask(places: str, *words: str) -> None:
    """Asks each of some servers the same; one line for each, with its answer or why there is none."""
    for each in places.split(","):
        host, port = place(each)
        try:
            session = Session(host, port)
            try:
                say(at=each, address=session.address, reply=session.ask(*words))
            finally:
                session.close()
        except Refused as error:
            say(at=each, refused=str(error))
        except OSError as error:
            say(at=each, failed=str(error))


def await_master(places: str, limit: str, *not_these: str) -> None:
    """Waits until a server that was none before says that it is a master, and prints it."""
    ends = time.monotonic() + float(limit)
    wanted = [each for each in places.split(",") if each not in not_these]
    while time.monotonic() < ends:
        for each in wanted:
            try:
                session = Session(*place(each), timeout=0.3)
                try:
                    role = session.ask("ROLE")
                finally:
                    session.close()
            except (OSError, Refused):
                continue
            if role[0] == "master":
                say(master=each, address=session.address)
                return
        time.sleep(0.05)
    say(master=None)


def increments(where: str, key: str, per_second: str, seconds: str, replicas: str = "0", wait_ms: str = "500") -> None:
    """Increments at a steady pace over one connection, and writes down what came of each.

    `ok`: acknowledged (and by as many replicas as asked for); `no`: refused, nothing was changed; `unsure`: sent, and not known.
    """
    host, port = place(where)
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
        asked, value = False, None
        try:
            if session is None:
                session = Session(host, port)
            asked = True
            value = session.ask("INCR", key)
            if int(replicas) > 0 and session.ask("WAIT", replicas, wait_ms) < int(replicas):
                say(at=at, was="unsure", value=value, why="not confirmed by a replica")
            else:
                say(at=at, was="ok", value=value)
        except Refused as error:
            # Refused after it was counted: only the confirmation was.
            say(at=at, was="no" if value is None else "unsure", why=str(error))
        except OSError as error:
            session = None
            say(at=at, was="unsure" if asked else "no", why=str(error))
    say(ended=True)


def lag(master: str, replica: str, key: str, samples: str, pause_ms: str) -> None:
    """How long after the master acknowledged a change a replica still shows the old value, in microseconds.

    Before each change the replica is asked once for nothing new, at the same pace: what that takes is this client's own waiting
    (for the network, and for a CPU), and what a look at the replica takes at best.
    """
    first, second = Session(*place(master), timeout=LATE_S), Session(*place(replica), timeout=LATE_S)
    for _ in range(int(samples)):
        began = time.perf_counter()
        second.ask("GET", key)
        trip = round((time.perf_counter() - began) * 1e6)
        value = first.ask("INCR", key)
        acknowledged = time.perf_counter()
        looks = 0
        while True:
            asked = time.perf_counter()
            looks += 1
            if int(second.ask("GET", key) or 0) >= value:
                say(lag=round((time.perf_counter() - acknowledged) * 1e6), looks=looks, trip=trip)
                break
            if asked - acknowledged > LATE_S:
                say(late=True, trip=trip)
                break
        time.sleep(float(pause_ms) / 1000)
    say(ended=True)


def load(where: str, key: str, seconds: str, together: str) -> None:
    """Increments as fast as it can, so many sent together."""
    session = Session(*place(where), timeout=LATE_S)
    began = time.monotonic()
    done = 0
    while time.monotonic() - began < float(seconds):
        session.send(*[("INCR", key)] * int(together))
        for _ in range(int(together)):
            session.read()
        done += int(together)
    say(increments=done, seconds=round(time.monotonic() - began, 3))


def main() -> None:
    what, *words = sys.argv[1:]
    {"ask": ask, "await-master": await_master, "increments": increments, "lag": lag, "load": load}[what](*words)


main()
