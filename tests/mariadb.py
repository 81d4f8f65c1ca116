"""A MariaDB to test against: a private one, on a socket of its own, that is thrown away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.needed import needed

NOT_THERE = "MariaDB is not installed (apt-get install mariadb-server)"
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Mariadb:
    """A server that runs."""

    folder: Path

    @property
    def client(self) -> str:
        """Return the words of its client: as configured below `client`."""
        return f"mariadb --defaults-file={self.folder}/client.cnf"

    @property
    def dumper(self) -> str:
        """Return the words of what dumps a database."""
        return f"mariadb-dump --defaults-file={self.folder}/client.cnf --single-transaction"

    def sql(self, statement: str, database: str = "") -> str:
        """Run statements, and return what they print."""
        words = [*self.client.split(), "-N", "-B", *([database] if database else [])]
        done = subprocess.run(words, input=statement, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def databases(self) -> set[str]:
        """Return the names of the databases of ours."""
        inner = {"information_schema", "mysql", "performance_schema", "sys"}
        return set(self.sql("SHOW DATABASES").split()) - inner


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Mariadb]:
    """Give a server, started once a session."""
    needed(installed(), NOT_THERE)
    with private_server() as server:
        yield server


@pytest.fixture
def mariadb(mariadb_server: Mariadb) -> Iterator[Mariadb]:
    """Give the server with no database on it."""
    yield mariadb_server
    for name in mariadb_server.databases():
        mariadb_server.sql(f"DROP DATABASE `{name}`")


def installed() -> str | None:
    """Return the server's program."""
    return shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextmanager
def private_server() -> Iterator[Mariadb]:
    """Run a throw-away server on a socket; it never waits for the disk, being thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="shipmate-my-"))
    data, socket = folder / "data", folder / "s"
    # The client leaves out what stands in the machine's own configuration, and so does the server.
    (folder / "client.cnf").write_text(f"[client]\nsocket={socket}\nuser=root\n")
    user = "--user=root" if os.geteuid() == 0 else f"--user={os.environ.get('USER', 'nobody')}"
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", user]
    options = [
        *("--skip-networking", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"),
        *("--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M", "--max-allowed-packet=64M"),
    ]
    program = installed()
    assert program is not None, NOT_THERE
    process = None
    try:
        subprocess.run(
            [*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True, timeout=120
        )
        words = [program, "--no-defaults", f"--datadir={data}", f"--socket={socket}", f"--pid-file={folder}/pid", user]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*words, *options], stdout=log, stderr=log)
        server = Mariadb(folder)
        _until_it_answers(server, process)
        yield server
    finally:
        if process:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _until_it_answers(server: Mariadb, process: "subprocess.Popen[bytes]") -> None:
    end = monotonic() + PATIENCE
    while subprocess.run([*server.client.split(), "-e", "SELECT 1"], capture_output=True, check=False).returncode:
        if monotonic() > end or process.poll() is not None:
            raise AssertionError((server.folder / "log").read_text(errors="replace")[-2000:])
        Event().wait(0.1)
