"""A PostgreSQL server of one's own, which may be stopped and started, and may stand in a network of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import psycopg
from psycopg import sql

from tests.needed import needed
from tests.postgres import NOT_THERE

BINARIES = Path("/usr/lib/postgresql")


class Cluster:
    """One server; it keeps what it was told when it is stopped."""

    def __init__(self, binaries: Path, folder: Path, *, within: Sequence[str] = ()) -> None:
        self._binaries = binaries
        self._folder = folder
        self._within = within
        """The beginning of a command that runs the rest of it somewhere else, as in a network of its own."""
        self.port = _free_port()
        self._restarts = Lock()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self._data, "-U", "shipmate", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.allow("10.77.0.0/16")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = (
            f"-c listen_addresses={'*' if self._within else '127.0.0.1'} -c port={self.port}"
            f" -c unix_socket_directories={self._folder} -c max_connections=300"
        )
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", self._folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once; every connection breaks, and nothing was asked first."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        """Stop it at once, and start it anew; of several who want that at the same time, one after the other."""
        with self._restarts:
            self.stop()
            self.start()

    def database(self, name: str, address: str = "127.0.0.1") -> str:
        """Create a database and return its URL."""
        with psycopg.connect(self.url("postgres", address), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name, address)

    def url(self, name: str, address: str = "127.0.0.1") -> str:
        """Return the URL of a database, by one of the server's addresses."""
        return f"postgresql://shipmate@{address}:{self.port}/{name}"

    def freeze(self, backend: int, *, on: bool) -> None:
        """Stop one of its processes from doing anything, or let it go on."""
        os.kill(backend, signal.SIGSTOP if on else signal.SIGCONT)

    def allow(self, network: str) -> None:
        """Let a network in; it is one of ours."""
        with (self._data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write(f"host all all {network} trust\n")

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._binaries / program), *map(str, words)]
        if os.geteuid() == 0:
            command = [*self._within, "runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command,
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def cluster(within: Sequence[str] = ()) -> Iterator[Cluster]:
    """Run a server for the time of a test."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    needed(found, NOT_THERE)
    folder = Path(tempfile.mkdtemp(prefix="shipmate-cluster-"))
    made = Cluster(found[-1].parent, folder, within=within)
    try:
        made.start()
        yield made
    finally:
        with suppress(AssertionError):  # it was stopped already
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
