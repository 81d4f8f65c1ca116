"""The few commands that a sandbox host has of its own, first on its PATH."""

import shutil
import sys
from pathlib import Path
from shlex import quote

SVC = '''"""Talk to this host's supervisor, as `systemctl` does on a real one."""
import json, os, socket, sys
try:
    with open(os.environ["HOME"] + "/run/svc") as file:
        port, secret = file.read().split()
    line = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
    asked = {"secret": secret, "words": sys.argv[1:], "cwd": os.getcwd()}
    line.sendall(json.dumps(asked).encode() + b"\\n")
    said = json.loads(line.makefile().readline())
except (OSError, ValueError) as error:
    sys.exit(f"the supervisor does not answer: {error}")
print(said["text"], file=sys.stderr if said["exit_code"] else sys.stdout)
sys.exit(said["exit_code"])
'''

SQLITE = '''"""Stand in for sqlite3: a file, then `.dump`, a statement, or a script on stdin."""
import sqlite3, sys
words = " ".join(sys.argv[2:])
live = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
if words == ".dump":
    for line in live.iterdump():
        print(line)
elif words:
    for row in live.execute(words):
        print("|".join("" if it is None else str(it) for it in row))
else:
    live.executescript("".join(line for line in sys.stdin if not line.startswith(".bail")))
'''
"""What backups ask of SQLite, for machines that have no program for it."""

FULL = "disk-full"
"""A file in the host's `run` directory that makes its `df` say so."""

_DF = """#!/bin/sh
# While this host plays a full disk, say so; otherwise be df.
if [ ! -e {full} ]; then exec {df} "$@"; fi
{df} "$@" | awk '
  NR == 1 {{ for (i = 1; i <= NF; i++) {{ if ($i ~ /^Avail/) a = i; if ($i ~ /^(Use%|Capacity)$/) u = i
                                       if ($i == "Used") s = i; if ($i ~ /blocks$|^Size$/) b = i }} }}
  NR > 1 {{ if (a) $a = 0; if (u) $u = "100%"; if (s && b) $s = $b }}
  {{ print }}'
"""


def install(home: Path, name: str) -> None:
    """Put the commands into the host's `bin`."""
    place = home / "bin"
    place.mkdir(exist_ok=True)
    python, svc = quote(_python()), quote(str(place / "svc.py"))
    (place / "svc.py").write_text(SVC, encoding="utf-8")
    script(place / "python3", f'#!/bin/sh\nexec {python} "$@"\n')
    script(place / "svc", f'#!/bin/sh\nexec {python} -S -E {svc} "$@"\n')
    if not shutil.which("sqlite3"):
        (place / "sqlite.py").write_text(SQLITE, encoding="utf-8")
        script(place / "sqlite3", f'#!/bin/sh\nexec {python} -S -E {quote(str(place / "sqlite.py"))} "$@"\n')
    script(place / "hostname", f"#!/bin/sh\necho {quote(name)}\n")
    full = quote(str(home / "run" / FULL))
    script(place / "df", _DF.format(full=full, df=quote(shutil.which("df") or "/bin/df")))


def search_path(home: Path) -> str:
    """Return the host's PATH: its own commands, the system's, and git wherever it is."""
    git = Path(shutil.which("git") or "/usr/bin/git").parent
    return ":".join(dict.fromkeys([str(home / "bin"), "/usr/local/bin", "/usr/bin", "/bin", str(git)]))


def service_command() -> tuple[str, ...]:
    """Return how a release's server is started."""
    return (_python(), "-s", "-E", "server.py")


def program(path: Path) -> tuple[str, ...]:
    """Return how a program of the sandbox's own is started on a host."""
    return (_python(), "-s", "-E", str(path))


def _python() -> str:
    """Return the interpreter behind a virtual environment: it starts faster, and hosts have no packages of ours."""
    base = getattr(sys, "_base_executable", "")
    return str(base or sys.executable)


def script(path: Path, text: str) -> None:
    """Write a command of a host."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
