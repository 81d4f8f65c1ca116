"""A release whose migration waits on its host until it is let go."""

from tests.scenarios.kit import Scene

MIGRATION = "CREATE TABLE notes (text TEXT);\n"
HELD_MIGRATION = """\
import time
import sys
from pathlib import Path

if "--pending" not in sys.argv:
    (Path.home() / "held").touch()
    while not (Path.home() / "go").exists():
        time.sleep(0.1)
"""


def migrating(scene: Scene, version: str) -> dict[str, str]:
    """Return the files of such a release."""
    return {
        "migrate.py": scene.source("migrate.py", ("import sys\n", HELD_MIGRATION)),
        "migrations/004_notes.sql": MIGRATION,
        "VERSION": f"{version}\n",
    }
