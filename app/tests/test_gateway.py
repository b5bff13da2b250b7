"""The gateway's real configuration in a real nginx, with a small DNS in the place of Docker's."""

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from processes import APP, Answer, Counter, RedisServer, ask, end, free_port, is_listening, \
    running_counter, wait_until

REPLICAS = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]


class Dns:
    """Answers every question with the same addresses, as Docker does for a dnsrr service."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
            except OSError:
                return  # closed
            question = query[12:query.index(b"\0", 12) + 5]
            header = query[:2] + struct.pack(">5H", 0x8180, 1, len(self.addresses), 0, 0)
            record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 600, 4)
            answers = b"".join(record + socket.inet_aton(one) for one in self.addresses)
            self._socket.sendto(header + question + answers, client)

    def close(self) -> None:
        self._socket.close()


@dataclass
class Site:
    """The gateway with what stands behind it."""

    url: str
    dns: Dns
    replicas: list[Counter]

    def ask(self, method: str, path: str) -> Answer:
        return ask(self.url, method, path)

    def nodes_that_answer(self, requests: int) -> set[str]:
        return {self.ask("GET", "/api/counter").json["node"] for _ in range(requests)}


def set_up(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert text.count(old) == 1, f"gateway.conf must hold once: {old}"
        text = text.replace(old, new)
    return text


@pytest.fixture
def site(tmp_path: Path, redis: RedisServer) -> Iterator[Site]:
    with ExitStack() as stack:
        port, gateway_port = free_port("0.0.0.0"), free_port()
        replicas = [
            stack.enter_context(running_counter(
                tmp_path, redis.port, address=address, port=port,
                NODE_NAME=address, WEB_CONCURRENCY="1",
            ))
            for address in REPLICAS
        ]
        dns = Dns(list(REPLICAS))
        stack.callback(dns.close)
        original = (APP / "images/gateway.conf").read_text(encoding="utf-8")
        text = set_up(original.replace("/tmp/", f"{tmp_path}/"), {
            "resolver 127.0.0.11 ": f"resolver 127.0.0.1:{dns.port} ",
            "$counter:8080": f"$counter:{port}",
            "listen 8080;": f"listen 127.0.0.1:{gateway_port};",
            "/dev/stdout": str(tmp_path / "access.log"),
            # The DNS is a thread of this process, and a loaded machine holds up either: a replica that has died refuses at once.
            "resolver_timeout 2s;": "resolver_timeout 20s;",
            "proxy_connect_timeout 1s;": "proxy_connect_timeout 20s;",
        })
        config = tmp_path / "gateway.conf"
        config.write_text(text, encoding="utf-8")
        nginx = subprocess.Popen(["nginx", "-c", str(config), "-g", "daemon off;"])
        stack.callback(end, nginx)
        wait_until(lambda: is_listening(gateway_port), "nginx to listen")
        # All at once: one after the other they would take a second each.
        stack.callback(lambda: [replica.process.terminate() for replica in replicas])
        yield Site(f"http://127.0.0.1:{gateway_port}", dns, replicas)


def test_every_replica_is_reached_through_one_gateway(site: Site) -> None:
    # Each of 200 requests goes to a random one of 4: that one is left out happens once in 10^24.
    assert site.nodes_that_answer(200) == set(REPLICAS)


def test_the_gateway_names_itself_and_passes_the_request_id_on(site: Site) -> None:
    answer = ask(site.url, "GET", "/api/counter", X_Request_ID="trace-9")
    assert answer.headers["X-Gateway-Node"] == socket.gethostname()
    assert answer.headers["X-Request-ID"] == "trace-9"
    assert answer.headers["X-Node"] in REPLICAS


def test_a_replica_that_died_costs_no_request_and_no_count(site: Site, redis: RedisServer) -> None:
    site.replicas[0].process.kill()
    site.replicas[0].process.wait()
    wait_until(lambda: not is_listening(site.replicas[0].port, REPLICAS[0]), "its workers to end")
    answers = [site.ask("POST", "/api/counter/increment") for _ in range(60)]
    assert {answer.status for answer in answers} == {200}
    assert redis.command("GET", "counter") == "60"


def test_addresses_are_looked_up_anew_while_the_gateway_runs(site: Site) -> None:
    assert len(site.nodes_that_answer(50)) > 1
    site.dns.addresses = [REPLICAS[2]]
    wait_until(lambda: site.nodes_that_answer(20) == {REPLICAS[2]}, "the old addresses to be gone")


def test_without_any_replica_the_gateway_says_so_and_is_itself_healthy(site: Site) -> None:
    for replica in site.replicas:
        replica.stop()
    answer = site.ask("GET", "/api/counter")
    assert answer.status == 502
    assert answer.json == {"error": "no replica of the Counter app answers this gateway"}
    health = site.ask("GET", "/gateway/health")
    assert (health.status, health.json) == (200, {"status": "ok"})
