"""A restore whose host is killed within any step, and the bot with it: it is gone on with, and ends the same."""

import os
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from deployers.ports import Fate, Record
from storage.models import BackupState
from tests.backed import RELEASE, SHELL
from tests.unit.bot.stage import Crash
from tests.unit.bot.test_restoring import FRESH, Here, House

AFTER, BEFORE = "after it was done", "before anything was done"


class Killed(Here):
    """A host that loses its power once, within the step of this word, and takes the bot along."""

    def __init__(self, home: Path, word: str, when: str) -> None:
        super().__init__(home)
        self.word, self.when = word, when
        self.killed = 0

    def perform(self, host, operations, authority, *, heard=lambda _: None):
        records = []
        for operation in operations:
            if operation.title.startswith(f"{self.word} on") and not self.killed:
                self.killed += 1
                self.known[operation.id] = Record(operation.id, Fate.UNKNOWN, why="it was killed")
                self._begun(operation.script)
                raise Crash
            records += super().perform(host, [operation], authority, heard=heard)
            if records[-1].exit_code != 0:
                break
        return tuple(records)

    def _begun(self, script: str) -> None:
        """Do so much of a step as was done by then: all of it, nothing, or what comes before a program is begun."""
        if self.when == BEFORE:
            return
        env = dict(os.environ)
        if self.when != AFTER:
            program = self.home / "killing" / self.when
            program.parent.mkdir()
            program.write_text("#!/bin/sh\nkill -9 0\n")
            program.chmod(0o755)
            env["PATH"] = f"{program.parent}:{env['PATH']}"
        words = [SHELL, "-c", script]
        done = subprocess.run(
            words, cwd=self.home, env=env, capture_output=True, start_new_session=True, check=False, timeout=60
        )
        assert done.returncode == (0 if self.when == AFTER else -9)


@pytest.mark.parametrize(
    ("word", "when"),
    [
        ("backup", "sync"),
        ("restore", "sqlite3"),
        ("restore", AFTER),
        ("prepare", AFTER),
        ("maintenance_on", AFTER),
        ("workers_stop", AFTER),
        ("swap_database", BEFORE),
        ("swap_database", "mv"),
        ("swap_database", AFTER),
        ("activate", "mv"),
        ("restart", AFTER),
        ("workers_start", BEFORE),
        ("maintenance_off", AFTER),
    ],
)
def test_wherever_the_host_dies_and_the_bot_with_it_a_restore_ends_as_if_it_had_not(tmp_path, word, when):
    house = House(tmp_path)
    house.stage.remote = host = Killed(house.host.home, word, when)
    house.stage.start()
    deployment = house.restores()
    with pytest.raises(Crash):
        house.stage.conduct(deployment)
    house.stage.start()
    assert house.stage.conduct(deployment) == "succeeded", house.stage.get(deployment).failure
    assert host.killed == 1
    assert house.host.orders() == 1000
    assert [note for note, _ in groupby(house.notes())] == ["out", "stop", "restart", "start", "in"]
    assert (house.host.home / "app/current").readlink().name == RELEASE
    assert house.backup(FRESH).state is BackupState.GOOD
    databases = sorted(path.name for path in house.host.database.parent.glob("app.db*"))
    assert databases == ["app.db", f"app.db_before_{FRESH.removeprefix('backup-').replace('-', '')}"]
    assert house.host.left() == []
