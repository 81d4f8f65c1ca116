"""Hosts on a machine without sqlite3 have a program that does what backups ask of it."""

import subprocess
import sys

import pytest

from bot.sandbox.host_bin import SQLITE

SCRIPT = ".bail on\nCREATE TABLE calls (id INTEGER, caller TEXT);\nINSERT INTO calls VALUES (1, 'Zoë'), (2, NULL);\n"


@pytest.fixture
def speak(tmp_path):
    """Give a way to call the program."""
    program = tmp_path / "sqlite.py"
    program.write_text(SQLITE, encoding="utf-8")

    def spoken(name: str, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-S", "-E", str(program), str(tmp_path / name), *words]
        return subprocess.run(command, input=given, capture_output=True, encoding="utf-8", check=False, timeout=60)

    return spoken


def test_what_is_dumped_comes_out_of_another_file_as_it_was(speak):
    assert speak("live.db", given=SCRIPT).returncode == 0
    dump = speak("live.db", ".dump").stdout
    assert speak("side.db", given=f".bail on\n{dump}").returncode == 0
    assert speak("side.db", "SELECT caller FROM calls ORDER BY id").stdout == "Zoë\n\n"
    assert speak("side.db", "PRAGMA integrity_check").stdout == "ok\n"


def test_a_dump_that_is_broken_off_is_a_failure(speak):
    assert speak("side.db", given="CREATE TABLE calls (id").returncode == 1
