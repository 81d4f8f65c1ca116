"""A host's folder with an application and its database, and scripts about backups run there by a real shell."""

import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from deployers.backups import answers, scripts
from deployers.backups.answers import Made
from deployers.backups.configured import Backup
from deployers.environment import Environment, Host, Place, Recipe
from deployers.strategies.restoring import Restoration

SHELL = shutil.which("dash") or "sh"
NAME, FRESH = "backup-20261201-021500", "backup-20261201-030000"
DUMPED = Backup("backups", database="sqlite3 storage/app.db .dump", engine="sqlite", live="storage/app.db")
RECIPE = Recipe("web", applied_migrations="cat storage/ran")
RELEASE, SHA = "20261130120000-abcdef12", "a" * 40


def demand(*programs: str) -> None:
    """Skip what needs programs that are not here; in CI that is a failure."""
    for program in programs:
        if shutil.which(program) is None:
            why = f"{program} is not installed: apt-get install {program}"
            if os.environ.get("CI", "").lower() in {"1", "true"}:
                pytest.fail(why)
            pytest.skip(why)


@dataclass
class Backed:
    """One host, seen from its home."""

    home: Path
    backup: Backup = DUMPED
    recipe: Recipe = RECIPE
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demand("sqlite3", "zstd")
        for folder in (self.release, self.shared / "storage"):
            folder.mkdir(parents=True)
        (self.release / "REVISION").write_text(f"{SHA}\n")
        (self.release / ".shipmate-complete").touch()
        (self.release / "index.php").write_text("<?php")
        (self.release / "storage").symlink_to("../../shared/storage")
        (self.shared / ".env").write_text("KEY=1")
        (self.shared / "storage/ran").write_text("2020_first\n2021_second\n")
        (self.home / "app/current").symlink_to(f"releases/{RELEASE}")
        with sqlite3.connect(self.database) as live:
            live.execute("CREATE TABLE orders (id INTEGER)")
            live.executemany("INSERT INTO orders VALUES (?)", [(number,) for number in range(1000)])
        live.close()

    @property
    def release(self) -> Path:
        """Return the folder of the release that serves."""
        return self.home / "app/releases" / RELEASE

    @property
    def shared(self) -> Path:
        """Return the folder of what outlives releases."""
        return self.home / "app/shared"

    @property
    def database(self) -> Path:
        """Return the file of the database in use."""
        return self.shared / "storage/app.db"

    @property
    def folder(self) -> Path:
        """Return where backups lie."""
        return self.home / "backups"

    @property
    def file(self) -> Path:
        """Return the only backup there is."""
        (found,) = [path for path in self.folder.glob("backup-*.tar.*") if path.suffix != ".part"]
        return found

    @property
    def environment(self) -> Environment:
        """Return the environment as configured."""
        place = Place("deploy", "app", (Host("web1", "127.0.0.1"),), "known_hosts")
        return Environment("production", "shop", "g", self.recipe, place=place, backup=self.backup)

    def configure(self, **values: Any) -> None:
        """Write something else below `[backup]`."""
        self.backup = replace(self.backup, **values)

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script as the host would."""
        env = {**os.environ, "HOME": str(self.home), **self.env}
        return subprocess.run(
            [SHELL, "-c", script], cwd=self.home, env=env, capture_output=True, text=True, check=False, timeout=100
        )

    def make(self, name: str = NAME) -> "subprocess.CompletedProcess[str]":
        """Make a backup."""
        return self.run(scripts.make(self.environment, self.environment.machines[0], name))

    def made(self, name: str = NAME) -> Made:
        """Make a backup, which has to go well."""
        done = self.make(name)
        assert done.returncode == 0, done.stdout + done.stderr
        read = answers.made(done.stdout)
        assert read is not None, done.stdout
        return read

    def restore(self, name: str = NAME, sha256: str = "") -> "subprocess.CompletedProcess[str]":
        """Put what is in a backup beside what serves."""
        restores = Restoration(name, "web1", sha256, database=bool(self.backup.database))
        return self.run(scripts.restore(self.environment, self.environment.machines[0], restores))

    def swap(self, name: str = NAME, fresh: str = FRESH, undoes: str = "") -> "subprocess.CompletedProcess[str]":
        """Swap the database, or swap it back."""
        restores = Restoration(name, "web1", "", database=True, undoes=undoes)
        return self.run(scripts.swap(self.environment, self.environment.machines[0], restores, fresh))

    def drill(self, name: str = NAME, sha256: str = "") -> "subprocess.CompletedProcess[str]":
        """Try whether a backup can be restored."""
        return self.run(scripts.drill(self.environment, self.environment.machines[0], name, sha256))

    def orders(self) -> int:
        """Count what is in the database in use."""
        live = sqlite3.connect(self.database)
        (count,) = live.execute("SELECT count(*) FROM orders").fetchone()
        live.close()
        return int(count)

    def forget_orders(self) -> None:
        """Lose everything that is in the database in use."""
        with sqlite3.connect(self.database) as live:
            live.execute("DELETE FROM orders")
        live.close()

    def left(self) -> list[str]:
        """Return what lies among the backups and is neither one nor its manifest."""
        good = (".manifest", ".tar.gz", ".tar.zst", ".age", ".restored")
        return sorted(path.name for path in self.folder.iterdir() if not path.name.endswith(good))

    def without(self, *programs: str) -> None:
        """Take programs away: a search path that has every other."""
        path = self.home / "bin"
        path.mkdir(exist_ok=True)
        for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
            for program in Path(folder).glob("*"):
                link = path / program.name
                if program.name not in programs and not link.is_symlink():
                    link.symlink_to(program)
        self.env["PATH"] = str(path)
