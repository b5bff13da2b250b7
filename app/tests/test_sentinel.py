"""Redis with Sentinels: the master goes, another comes, and no acknowledged increment is lost."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from processes import Counter, wait_until
from redis_apps import PASSWORD, addresses, app_on_sentinels, increment, secret_file, serves, wait_for_health
from redis_processes import Clients, Replicated, replicated, while_pressed

SAFE = {"REDIS_WAIT_REPLICAS": "1"}


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_lost_master_is_followed_by_another_and_no_acknowledged_increment_is_lost(
    tmp_path: Path, how: str
) -> None:
    with replicated(tmp_path, "min-replicas-to-write 1", sentinels=3, password=PASSWORD) as group, \
            app_on_sentinels(
                tmp_path, group, REDIS_PASSWORD_FILE=secret_file(tmp_path), **SAFE
            ) as counter:
        serves(counter)
        wait_for_health(counter, "ok")
        old = group.master

        def lose_the_master() -> None:
            getattr(old, how)()
            wait_until(lambda: group.new_master() is not None, "the Sentinels to make another master")

        clients = while_pressed(counter, lose_the_master)
        new = group.new_master()
        final = int(new.command("GET", "counter"))
        assert clients.lost(final) == []
        assert final <= len(clients.counts) + len(clients.refused)
        wait_for_health(counter, "degraded", "1 of 2 replicas in sync")
        assert increment(counter) == final + 1

        if how == "freeze":
            # The old master comes back with all its connections, and must not be believed.
            old.thaw()
            wait_until(lambda: old.info("master_link_status") == "up", "it to follow the new one")
            wait_for_health(counter, "ok")
            assert increment(counter) == final + 2
        assert PASSWORD not in counter.log_text()
        assert "Traceback" not in counter.log_text()


def test_a_planned_change_of_the_master_loses_nothing_that_all_replicas_confirmed(tmp_path: Path) -> None:
    # Two, not one: Sentinels promote one replica while the old master still takes changes and the other
    # replica still confirms them.
    with replicated(tmp_path, sentinels=3) as group, \
            app_on_sentinels(tmp_path, group, REDIS_WAIT_REPLICAS="2") as counter:
        serves(counter)

        with Clients(counter) as clients:
            def is_done() -> bool:
                if group.new_master():
                    return True
                # Refused where it is under way, or where no replica has been heard of lately: asked until there is one.
                group.sentinels[0].command("SENTINEL", "FAILOVER", "counter")
                return False

            wait_until(is_done, "a new master")
        assert clients.lost(int(group.new_master().command("GET", "counter"))) == []


def test_the_app_does_without_sentinels_until_it_needs_them(tmp_path: Path) -> None:
    with replicated(tmp_path, sentinels=3, password=PASSWORD) as group, app_on_sentinels(
        tmp_path, group, REDIS_PASSWORD_FILE=secret_file(tmp_path)
    ) as counter:
        serves(counter)
        assert_mistakes_are_told_as_such(tmp_path, group)
        # The one that is asked first, as it is the first in the list.
        group.sentinels[0].kill()
        first = f"Sentinel {addresses(group.sentinels[:1])} does not answer"
        wait_for_health(counter, "degraded", first)
        assert increment(counter) == 1
        with late_app(tmp_path, group) as late:
            serves(late, workers=1)
            assert increment(late) == 2

        for sentinel in group.sentinels[1:]:
            sentinel.kill()
        wait_for_health(counter, "degraded", *(str(sentinel.port) for sentinel in group.sentinels))
        assert increment(counter) == 3
        group.master.kill()
        answer = counter.ask("POST", "/api/counter/increment")
        assert answer.status == 503
        assert "Redis is unavailable" in answer.json["error"]
        group.master.start()
        wait_until(group.master.answers, "the old master to answer")
        # Nobody can have made another one.
        assert increment(counter) == 4
        with late_app(tmp_path, group) as late:
            answer = late.ask("GET", "/api/counter")
            assert answer.status == 503
            assert "no Sentinel names a master 'counter'" in answer.json["error"]
            for sentinel in group.sentinels:
                assert f"127.0.0.1:{sentinel.port}: " in answer.json["error"]
            assert late.ask("GET", "/health/started").status == 503


def late_app(
    folder: Path, group: Replicated, password: str = PASSWORD, **env: str
) -> AbstractContextManager[Counter]:
    return app_on_sentinels(
        folder, group, REDIS_PASSWORD_FILE=secret_file(folder, password), WEB_CONCURRENCY="1", **env
    )


def assert_mistakes_are_told_as_such(folder: Path, group: Replicated) -> None:
    with late_app(folder, group, "wrong-guess") as counter:
        for path in ["/api/counter", "/health"]:
            assert_is_told(counter, path, "password")
            assert "wrong-guess" not in counter.log_text()
    with late_app(folder, group, REDIS_MASTER_NAME="other") as counter:
        assert_is_told(counter, "/api/counter", "does not know it")


def assert_is_told(counter: Counter, path: str, words: str) -> None:
    """The app gives a Sentinel half a second: one that takes longer once is told as silent."""
    def is_told() -> bool:
        answer = counter.ask("GET", path)
        assert answer.status == 503
        assert "wrong-guess" not in answer.text
        return words in answer.text

    wait_until(is_told, f"{path} to say {words}")
