"""A PostgreSQL to test against: the one that SHIPMATE_TEST_POSTGRES names, or a private one that is thrown away."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.needed import needed

BINARIES = Path("/usr/lib/postgresql")
NOT_THERE = "PostgreSQL is not installed (apt-get install postgresql) and SHIPMATE_TEST_POSTGRES is not set"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the URL of a server on which databases may be created, started once a session."""
    given = os.environ.get("SHIPMATE_TEST_POSTGRES")
    if given:
        yield given
        return
    binaries = installed()
    needed(binaries, NOT_THERE)
    with private_cluster(binaries) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Give the URL of a fresh, empty database."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Create a database and drop it afterwards, whoever is still connected."""
    name = f"shipmate_{uuid4().hex[:12]}"
    admin = make_url(server).set(drivername="postgresql")
    _run(admin.render_as_string(hide_password=False), sql.SQL("CREATE DATABASE {}"), name)
    try:
        yield admin.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(admin.render_as_string(hide_password=False), sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


@contextmanager
def private_cluster(binaries: Path) -> Iterator[str]:
    """Run a throw-away server on a free loopback port; it never touches the disk's write cache, being thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="shipmate-pg-"))
    data, port = folder / "data", _free_port()
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _as_owner(binaries / "initdb", "-D", data, "-U", "shipmate", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        _as_owner(binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://shipmate@127.0.0.1:{port}/postgres"
        finally:
            _as_owner(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> Path | None:
    """Return the programs of the newest PostgreSQL that is installed."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def _as_owner(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(
        words,
        cwd="/",
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()


def _run(server: str, statement: sql.SQL, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
