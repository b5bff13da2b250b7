"""Several real Redis processes that belong together: replicas, Sentinels, a cluster. All on loopback."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from processes import Counter, end, free_port, wait_until

NAME = "counter"
# The tests wait for it, and it must be longer than a loaded machine holds up a process: who is thought dead by mistake loses its role.
DOWN_AFTER_MS = 5000


class Node:
    """A redis-server, in whatever role; it can be killed, stopped in its tracks, and started again."""

    def __init__(self, folder: Path, *config: str, password: str = "", sentinel: bool = False) -> None:
        self.port = free_port()
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        self._password = password
        self._sentinel = sentinel
        auth = [f"requirepass {password}"] if password else []
        if password and not sentinel:
            auth.append(f"masterauth {password}")
        if not sentinel:
            # No fsync: the file outlives a killed process without it, and on a busy disk it would hold up answers for seconds.
            auth += ['save ""', "appendonly yes", "appendfsync no", "repl-diskless-sync-delay 0"]
        # Sentinels and nodes write down in it what they learn.
        self.config = self.folder / "node.conf"
        lines = ["bind 127.0.0.1", f"port {self.port}", f"dir {self.folder}", *auth, *config]
        self.config.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["redis-server", str(self.config), *(["--sentinel"] if self._sentinel else [])]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL)

    def answers(self) -> bool:
        return self.command("PING") == "PONG"

    def kill(self) -> None:
        """As a power cut would: nothing is said to anybody."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            end(self._process, how)
            self._process = None

    def freeze(self) -> None:
        """As a cut line: connections stay and are made, nothing ever answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._end(signal.SIGKILL)

    def command(self, *words: str) -> str:
        """Asks by redis-cli, so that tests do not trust the client the app uses."""
        auth = {"REDISCLI_AUTH": self._password} if self._password else {}
        try:
            done = subprocess.run(
                ["redis-cli", "-p", str(self.port), *words],
                capture_output=True, text=True, env=os.environ | auth, check=False, timeout=10,
            )
        except subprocess.TimeoutExpired:
            return ""  # a frozen one
        return done.stdout.strip()

    def info(self, name: str) -> str:
        """One field of INFO replication; empty when there is none."""
        lines = self.command("INFO", "replication").splitlines()
        return next((line.split(":", 1)[1] for line in lines if line.startswith(f"{name}:")), "")


def _start_all(stack: ExitStack, nodes: list[Node]) -> None:
    for node in nodes:
        stack.callback(node.close)
        node.start()
    wait_until(lambda: all(node.answers() for node in nodes), "all Redis processes to answer")


class Replicated:
    """A master and its replicas."""

    def __init__(self, nodes: list[Node], sentinels: list[Node]) -> None:
        self.nodes = nodes
        self.sentinels = sentinels

    @property
    def master(self) -> Node:
        return self.nodes[0]

    @property
    def replicas(self) -> list[Node]:
        return self.nodes[1:]

    def in_sync(self) -> int:
        lines = self.master.command("INFO", "replication")
        return lines.count("state=online")

    def new_master(self) -> Node | None:
        """The one of the former replicas that the Sentinels have made the master, when they have."""
        return next((node for node in self.replicas if node.info("role") == "master"), None)


@contextmanager
def replicated(folder: Path, *config: str, sentinels: int = 0, password: str = "") -> Iterator[Replicated]:
    """Two replicas in sync, and Sentinels that know each other and them."""
    with ExitStack() as stack:
        master = Node(folder, *config, password=password)
        follow = f"replicaof 127.0.0.1 {master.port}"
        nodes = [master, *(Node(folder, follow, *config, password=password) for _ in range(2))]
        _start_all(stack, nodes)
        auth = [f"sentinel auth-pass {NAME} {password}", f"sentinel sentinel-pass {password}"]
        watch = [
            f"sentinel monitor {NAME} 127.0.0.1 {master.port} 2",
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {NAME} 10000",
            *(auth if password else []),
        ]
        group = Replicated(
            nodes, [Node(folder, *watch, password=password, sentinel=True) for _ in range(sentinels)]
        )
        wait_until(lambda: group.in_sync() == 2, "two replicas in sync")
        _start_all(stack, group.sentinels)
        wait_until(lambda: all(map(_knows_all, group.sentinels)), "the Sentinels to know each other")
        yield group


def _knows_all(sentinel: Node) -> bool:
    words = sentinel.command("SENTINEL", "MASTER", NAME).splitlines()
    current = dict(zip(words[::2], words[1::2], strict=False))
    return (current.get("num-slaves"), current.get("num-other-sentinels")) == ("2", "2")


class Cluster:
    """Three masters with one replica each."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def holder(self, key: str = "counter") -> Node:
        """The master of the key, as one of the nodes that answer sees it."""
        def port() -> int | None:
            for node in self.nodes:
                slot, nodes = node.command("CLUSTER", "KEYSLOT", key), node.command("CLUSTER", "NODES")
                if slot.isdigit() and (found := _port_of(nodes, int(slot))):
                    return found
            return None

        return self.node_at(wait_until(port, f"a node of the cluster to say who has the key {key}"))

    def node_at(self, port: int) -> Node:
        return next(node for node in self.nodes if node.port == port)

    def replica_of(self, master: Node) -> Node:
        line = wait_until(lambda: master.info("slave0"), f"{master.port} to have a replica")
        return self.node_at(int(line.split("port=")[1].split(",")[0]))


def _port_of(nodes: str, slot: int) -> int | None:
    for line in nodes.splitlines():
        words = line.split()
        for span in words[8:]:
            first, _, last = span.partition("-")
            # "[5798->-..." is a slot on its way: it is also told among those the node has.
            if "master" in words[2] and first.isdigit() and int(first) <= slot <= int(last or first):
                return int(words[1].split("@")[0].split(":")[1])
    return None


@contextmanager
def clustered(folder: Path, password: str = "") -> Iterator[Cluster]:
    with ExitStack() as stack:
        nodes = [Node(
            folder, "cluster-enabled yes", f"cluster-node-timeout {DOWN_AFTER_MS}", f"cluster-port {free_port()}",
            "cluster-replica-validity-factor 0", password=password,
        ) for _ in range(6)]
        _start_all(stack, nodes)
        subprocess.run(
            ["redis-cli", "--cluster", "create", *(f"127.0.0.1:{node.port}" for node in nodes),
             "--cluster-replicas", "1", "--cluster-yes"],
            stdout=subprocess.DEVNULL, check=True,
            env=os.environ | ({"REDISCLI_AUTH": password} if password else {}),
        )
        wait_until(lambda: all("cluster_state:ok" in node.command("CLUSTER", "INFO") for node in nodes),
                   "the cluster to be whole")
        wait_until(lambda: sum(node.info("connected_slaves") == "1" for node in nodes) == 3
                   and all("state=online" in node.info("slave0") for node in nodes
                           if node.info("role") == "master"), "each master to have its replica")
        yield Cluster(nodes)


class Clients:
    """Threads that press the button without a pause, and the log of what they were told."""

    def __init__(self, counter: Counter, threads: int = 4) -> None:
        self._counter = counter
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.counts: list[int] = []
        """Of each increment that was acknowledged, the count it was answered with."""
        self.refused: list[str] = []
        """The reason given for each other."""
        self._threads = [threading.Thread(target=self._press, daemon=True) for _ in range(threads)]

    def _press(self) -> None:
        while not self._stop.is_set():
            answer = self._counter.ask("POST", "/api/counter/increment")
            with self._lock:
                if answer.status == 200:
                    self.counts.append(answer.json["count"])
                else:
                    assert answer.status == 503, answer.text
                    self.refused.append(answer.json["error"])
            time.sleep(0.01)

    def wait_for_more(self, so_many: int = 20) -> None:
        """Until so many more have been acknowledged."""
        enough = len(self.counts) + so_many
        wait_until(lambda: len(self.counts) >= enough, f"{so_many} more acknowledged increments")

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def lost(self, final: int) -> list[int]:
        """The acknowledged increments that are not in the final count, or were given out twice."""
        seen = sorted(self.counts)
        twice = [one for one, other in zip(seen, seen[1:], strict=False) if one == other]
        return twice + [count for count in seen if count > final]


def while_pressed(counter: Counter, what: Callable[[], None]) -> Clients:
    """Something happens under load; back when requests are acknowledged again."""
    with Clients(counter) as clients:
        what()
        clients.wait_for_more()
    return clients
