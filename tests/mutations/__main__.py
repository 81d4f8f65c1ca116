"""`python -m tests.mutations [--law N]`: apply each mutation to a copy of the tree and expect its test to go red."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.laws import LAWS, MUTATIONS
from tests.mutations.mutation import Mutation

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "node_modules", ".hypothesis")
SECONDS = 240
RED, GREEN = 1, 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a test."""

    mutation: Mutation
    before: int
    after: int
    said: str

    @property
    def word(self) -> str:
        """Return what that means."""
        if self.before != GREEN:
            return "RED BEFORE"
        return "red" if self.after == RED else "SURVIVED" if self.after == GREEN else f"BROKEN ({self.after})"


class Outdated(Exception):
    """The line that a mutation changes is not there, or more than once."""


@contextmanager
def copied() -> Iterator[Path]:
    """Give a copy of the tree."""
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
        yield copy


def tried(copy: Path, mutation: Mutation) -> Seen:
    """Run the test without and with the mutation, and put the line back."""
    before, said = run(copy, mutation.test)
    if before != GREEN:
        return Seen(mutation, before, before, said)
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    path.write_text(mutated(text, mutation), encoding="utf-8")
    try:
        after, said = run(copy, mutation.test)
    finally:
        path.write_text(text, encoding="utf-8")
    return Seen(mutation, before, after, said)


def mutated(text: str, mutation: Mutation) -> str:
    """Return the file's text with the line changed; Outdated if it is not there exactly once."""
    if (count := text.count(mutation.old)) != 1:
        raise Outdated(
            f"{mutation.file} holds {mutation.old!r} {count} times; correct its law's table in tests/mutations"
        )
    return text.replace(mutation.old, mutation.new)


def run(copy: Path, test: str) -> tuple[int, str]:
    """Run one test in the copy; return pytest's exit code, RED when it hangs, and what it said."""
    words = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider"]
    variables = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*words, "--timeout=40", test],
            cwd=copy,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return RED, "it hung"
    return done.returncode, done.stdout[-3000:] + done.stderr[-1000:]


def line(seen: Seen) -> str:
    """Return a line of the table."""
    mutation = seen.mutation
    return f"{mutation.law:3}  {seen.word:12} {mutation.file:30} {mutation.means}"


def main(arguments: Sequence[str]) -> int:
    """Try the mutations; 0 only if every one was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--law", type=int, choices=sorted(LAWS), help="only this one")
    wanted = parser.parse_args(arguments).law
    survived = 0
    with copied() as copy:
        for mutation in MUTATIONS:
            if wanted in (None, mutation.law):
                seen = tried(copy, mutation)
                sys.stdout.write(f"{line(seen)}\n")
                if seen.word != "red":
                    survived += 1
                    sys.stdout.write(f"{seen.said}\n")
                sys.stdout.flush()
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
