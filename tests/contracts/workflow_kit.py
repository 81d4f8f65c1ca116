"""The workflows that `shipmate init` writes, as they stand in a repository, and their steps, run for real."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.init.answers import Answers
from bot.init.drafts import NAMES, workflow

SAID = Answers("Shop", "git@github.com:acme/shop.git", "acme/shop", "laravel", "main", "8.3", workflows=True)
TEXTS = {name: workflow(name, SAID) for name in NAMES}
TREES = {name: yaml.safe_load(text) for name, text in TEXTS.items()}


def steps(name):
    """Yield each step of a workflow with the name of its job."""
    for job, told in TREES[name]["jobs"].items():
        for step in told.get("steps", ()):
            yield job, step


def script(name, title):
    """Return what the one step of this title runs."""
    found = [step["run"] for _, step in steps(name) if step.get("name") == title]
    assert len(found) == 1, f"{title}: {len(found)}"
    return found[0]


@dataclass
class Runner:
    """A machine of GitHub's, with programs of our own before the others."""

    folder: Path

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.bin = self.folder / "bin"
        for each in (self.work, self.bin, self.folder / "temp"):
            each.mkdir(parents=True)
        self.output = self.folder / "output"
        self.summary = self.folder / "summary"

    def program(self, name, text):
        """Put a program before the others."""
        file = self.bin / name
        file.write_text(f"#!/bin/bash\n{text}\n")
        file.chmod(0o755)

    def run(self, script, **env):
        """Run a step as GitHub does, and return how it went."""
        self.output.write_text("")
        known = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(
            words, cwd=self.work, env=known | env, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def outputs(self):
        """Return what the last step put out."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())

    def git(self, *words: str) -> str:
        """Run git in the working folder, and return what it said."""
        who = ["-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "init.defaultBranch=main"]
        done = subprocess.run(["git", *who, *words], cwd=self.work, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commits(self, **files):
        """Commit files, and return the SHA."""
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "-q", "--allow-empty", "-m", "Change it")
        return self.git("rev-parse", "HEAD")
