"""The balancers' real configurations in a real nginx and a real HAProxy, with what stands for Docker's DNS."""

import os
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

from processes import APP, Answer, Counter, ask, end, free_port, is_listening, running_counter, wait_until

ADDRESSES = {"app1": ["127.0.0.2", "127.0.0.3"], "app2": ["127.0.0.4", "127.0.0.5"]}
TEMPLATES = APP.parent / "templates/balancer"
FILES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}


class Names:
    """Tells the addresses of names: to HAProxy as a DNS, to the script of nginx as a `getent`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "bin").mkdir()
        program = folder / "bin/getent"
        program.write_text(f'#!/bin/sh\n[ "$1" = ahostsv4 ] && cat "{folder}/$2" 2>/dev/null\n', encoding="utf-8")
        program.chmod(0o755)
        self._current: dict[str, list[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        for app, addresses in ADDRESSES.items():
            self.set(app, addresses)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def path(self) -> str:
        return f"{self._folder}/bin:{os.environ['PATH']}:/usr/sbin"

    def set(self, app: str, addresses: list[str]) -> None:
        self._current[f"tasks.{app}"] = addresses
        # As getent prints it: each address once for each kind of socket.
        lines = [f"{one} {kind}\n" for one in addresses for kind in ("STREAM", "DGRAM", "RAW")]
        aside = self._folder / "aside"
        aside.write_text("".join(lines), encoding="utf-8")
        aside.rename(self._folder / f"tasks.{app}")

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
            except OSError:
                return  # closed
            stop = query.find(b"\0", 12)
            if stop < 0:
                continue  # no question
            labels, at = [], 12
            while at < stop:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            is_a = query[stop + 1:stop + 3] == b"\0\1"
            addresses = self._current.get(".".join(labels), []) if is_a else []
            header = query[:2] + struct.pack(">5H", 0x8180, 1, len(addresses), 0, 0)
            record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 600, 4)
            answers = b"".join(record + socket.inet_aton(one) for one in addresses)
            self._socket.sendto(header + query[12:stop + 5] + answers, client)

    def close(self) -> None:
        self._socket.close()


def render(kind: str, port: int, **changes: object) -> str:
    apps = [{"path": app, "service": app, "port": port, "health": "/health/started"} for app in ADDRESSES]
    text = (TEMPLATES / FILES[kind]).read_text(encoding="utf-8")
    # What the runner's own engine does with templates.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    return environment.from_string(text).render({"apps": apps, "sticky": False, "slots": 4, **changes})


@dataclass
class Site:
    url: str
    names: Names
    kind: str

    def ask(self, method: str, path: str, **headers: str) -> Answer:
        return ask(self.url, method, path, **headers)

    def who(self, app: str, requests: int = 20, **headers: str) -> set[str]:
        """The replicas that answer, by their addresses."""
        answers = [self.ask("GET", f"/{app}/api/counter", **headers) for _ in range(requests)]
        assert {answer.status for answer in answers} == {200}
        return {answer.headers["X-Node"] for answer in answers}

    def wait_for(self, app: str, right: Callable[[set[str]], bool], what: str) -> None:
        """Until the right replicas answer; requests may fail until then."""
        def are_right() -> bool:
            answers = [self.ask("GET", f"/{app}/api/counter") for _ in range(20)]
            return all(answer.status == 200 for answer in answers) and right({answer.headers["X-Node"] for answer in answers})

        wait_until(are_right, what)


class Balancers:
    """Starts balancers in front of replicas that are there."""

    def __init__(self, folder: Path, port: int, stack: ExitStack) -> None:
        self._folder, self._port, self._stack = folder, port, stack

    def start(self, kind: str, **changes: object) -> Site:
        names = Names(self._folder)
        self._stack.callback(names.close)
        door = free_port()
        text = render(kind, self._port, **changes).replace("/tmp/", f"{self._folder}/")
        for old, new in {
            # With time for replicas that a loaded machine holds up: one that has died refuses at once.
            "nginx": {
                "listen 8080;": f"listen 127.0.0.1:{door};",
                "proxy_connect_timeout 1s;": "proxy_connect_timeout 20s;", "proxy_read_timeout 5s;": "proxy_read_timeout 20s;",
            },
            "haproxy": {
                "bind :8080": f"bind 127.0.0.1:{door}", "127.0.0.11:53": f"127.0.0.1:{names.port}",
                "timeout connect 1s": "timeout connect 20s", "timeout server 10s": "timeout server 20s",
                "timeout check 2s": "timeout check 20s",
            },
        }[kind].items():
            assert text.count(old) == 1, f"{FILES[kind]} must hold once: {old}"
            text = text.replace(old, new)
        config = self._folder / "balancer.conf"
        config.write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            ["sh", str(APP / "images/balancer.sh"), kind, str(config)],
            env={"PATH": names.path, "BALANCER_WORK": str(self._folder), "BALANCER_LOOK_SECONDS": "0.2"},
            stdout=subprocess.DEVNULL,
        )
        # As the stack ends each of them.
        self._stack.callback(end, process, signal.SIGUSR1 if kind == "haproxy" else signal.SIGQUIT)
        wait_until(lambda: is_listening(door), f"{kind} to listen")
        site = Site(f"http://127.0.0.1:{door}", names, kind)
        # HAProxy asks for names and health before it sends anyone anywhere.
        for app in ADDRESSES:
            wait_until(lambda: site.ask("GET", f"/{app}/api/counter").status == 200, f"{app} to be reached")
        return site


@pytest.fixture(scope="module")
def replicas(lasting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, Counter]]]:
    redis, _ = lasting
    with ExitStack() as stack:
        port = free_port("0.0.0.0")
        counters = {
            address: stack.enter_context(running_counter(
                tmp_path_factory.mktemp("replica"), redis.port, address=address, port=port,
                NODE_NAME=address, WEB_CONCURRENCY="1", COUNTER_KEY=app,
            ))
            for app, addresses in ADDRESSES.items() for address in addresses
        }
        yield port, counters
        # All at once: one after the other they would take a second each.
        for counter in counters.values():
            counter.process.terminate()


@pytest.fixture
def balancers(replicas, lasting_redis, tmp_path: Path) -> Iterator[Balancers]:
    with ExitStack() as stack:
        yield Balancers(tmp_path, replicas[0], stack)


both = pytest.mark.parametrize("kind", ["nginx", "haproxy"])


@both
def test_each_path_leads_to_its_own_app(balancers: Balancers, kind: str) -> None:
    site = balancers.start(kind)
    for app, addresses in ADDRESSES.items():
        site.wait_for(app, lambda found: found == set(addresses), f"all replicas of {app} to answer, and no others")
    assert site.ask("POST", "/app1/api/counter/increment").json["count"] == 1
    assert site.ask("GET", "/app1/api/counter").json["count"] == 1
    assert site.ask("GET", "/app2/api/counter").json["count"] == 0
    assert site.ask("GET", "/app3/").status in (404, 503)


@both
def test_it_says_who_balanced_and_who_answered(balancers: Balancers, kind: str) -> None:
    site = balancers.start(kind)
    answer = site.ask("GET", "/app1/")
    assert (answer.headers["X-Balancer"], answer.headers["X-Balancer-Node"]) == (kind, socket.gethostname())
    assert answer.headers["X-Node"] in ADDRESSES["app1"]
    assert f"<dd id=\"node\">{answer.headers['X-Node']}</dd>" in answer.text
    index = site.ask("GET", "/")
    assert index.status == 200 and "/app2/" in index.text and socket.gethostname() in index.text
    assert site.ask("GET", "/balancer/health").status == 200


@both
def test_pages_and_redirects_stay_below_their_path(balancers: Balancers, kind: str) -> None:
    site = balancers.start(kind)
    moved = site.ask("GET", "/app1")
    assert (moved.status, moved.headers["Location"]) == (308, "/app1/")
    pressed = ask(site.url, "POST", "/app1/", b"action=increment")
    assert (pressed.status, pressed.headers["Location"]) == (303, "/app1/")
    assert site.ask("GET", "/app1/static/counter.css").status == 200


def cookies_of(answer: Answer) -> dict[str, str]:
    lines = answer.headers.get_all("Set-Cookie", [])
    return {name: morsel.value for line in lines for name, morsel in SimpleCookie(line).items()}


def cookie_for(site: Site, replica: str) -> str:
    """Of one more client; empty where that was given to another replica."""
    answer = site.ask("GET", "/app1/api/counter")
    return "; ".join(f"{name}={value}" for name, value in cookies_of(answer).items()) if answer.headers["X-Node"] == replica else ""


@both
def test_sticky_a_client_stays_with_one_replica_and_clients_are_spread(balancers: Balancers, kind: str) -> None:
    site = balancers.start(kind, sticky=True)
    site.wait_for("app1", lambda found: found == set(ADDRESSES["app1"]), "clients without a cookie to be spread")
    for _ in range(4):
        first = site.ask("GET", "/app1/api/counter")
        cookie = "; ".join(f"{name}={value}" for name, value in cookies_of(first).items())
        assert cookie.startswith("BALANCER_APP1=")
        assert site.who("app1", 15, Cookie=cookie) == {first.headers["X-Node"]}


@both
def test_without_sticky_sessions_no_cookie_is_given(balancers: Balancers, kind: str) -> None:
    assert cookies_of(balancers.start(kind).ask("GET", "/app1/api/counter")) == {}


@both
@pytest.mark.parametrize("sticky", [False, True])
def test_a_replica_that_died_costs_no_request(balancers: Balancers, replicas, lasting, tmp_path: Path, kind: str, sticky: bool) -> None:
    port, _ = replicas
    with running_counter(tmp_path, lasting[0].port, address="127.0.0.6", port=port, NODE_NAME="127.0.0.6", WEB_CONCURRENCY="1") as third:
        site = balancers.start(kind, sticky=sticky)
        site.names.set("app1", [*ADDRESSES["app1"], "127.0.0.6"])
        site.wait_for("app1", lambda found: "127.0.0.6" in found, "the new replica to be found")
        headers = {"Cookie": wait_until(lambda: cookie_for(site, "127.0.0.6"), "a client to be given to it")} if sticky else {}
        third.process.kill()
        third.process.wait()
        wait_until(lambda: not is_listening(port, "127.0.0.6"), "its workers to end")
        assert site.who("app1", 60, **headers) <= set(ADDRESSES["app1"])


def test_a_replica_that_is_not_well_gets_nothing(balancers: Balancers, replicas, tmp_path: Path) -> None:
    """Of HAProxy alone, which asks for health: nginx learns it from failures, as in the test above."""
    port, _ = replicas
    # It answers, and says of itself that it has never reached its Redis.
    with running_counter(tmp_path, 1, address="127.0.0.6", port=port, NODE_NAME="127.0.0.6", WEB_CONCURRENCY="1"):
        site = balancers.start("haproxy")
        site.names.set("app1", ["127.0.0.2", "127.0.0.6"])
        site.wait_for("app1", lambda found: found == {"127.0.0.2"}, "the replica that left to be forgotten")
        assert site.who("app1", 60) == {"127.0.0.2"}


@both
def test_addresses_are_followed_while_it_runs(balancers: Balancers, kind: str) -> None:
    site = balancers.start(kind)
    site.wait_for("app1", lambda found: len(found) == 2, "both replicas to answer")
    site.names.set("app1", [ADDRESSES["app1"][1]])
    site.wait_for("app1", lambda found: found == {ADDRESSES["app1"][1]}, "the other to be forgotten")


@both
def test_a_configuration_is_checked_by_the_program_itself(tmp_path: Path, kind: str) -> None:
    def check(text: str) -> int:
        config = tmp_path / "balancer.conf"
        config.write_text(text.replace("/tmp/", f"{tmp_path}/"), encoding="utf-8")
        return subprocess.run(
            ["sh", str(APP / "images/balancer.sh"), kind, str(config), "check"], check=False, stderr=subprocess.DEVNULL,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin", "BALANCER_WORK": str(tmp_path)},
        ).returncode
    for sticky in [False, True]:
        good = render(kind, 8080, sticky=sticky)
        assert check(good) == 0
    assert check(good.replace("8080", "no-port", 1) + "\nnonsense {\n") != 0
