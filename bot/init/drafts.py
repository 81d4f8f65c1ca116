"""The files that `shipmate init` writes, as texts; pure apart from reading its own templates."""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bot.init import starter
from bot.init.answers import Answers
from bot.init.looking import WORKFLOWS

NAMES = ("ci-comprehensive.yml", "deploy.yml", "code-quality.yml", "docs-auto-update.yml")
CHECKS = ("Code quality", "Security", "Tests (Unit)", "Tests (Integration)", "Tests (Feature)", "End to end")
"""The jobs of ci-comprehensive.yml that production demands."""

_INPUTS = (
    'inputs = { environment = "{environment}", ref = "{sha}", skip_tests = "{skip_tests}", reason = "{reason}" }\n'
)
_LINE = r"(?m)^(?P<key>{key} = )(?P<value>\"[^\"]*\")(?P<gap> *)(?P<rest>.*)$"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is to be written."""

    path: Path
    text: str


def drafts(path: Path, said: Answers) -> tuple[Draft, ...]:
    """Return the configuration, and the workflows beside it if they are wanted."""
    folder = path.parent / WORKFLOWS
    more = (Draft(folder / name, workflow(name, said)) for name in NAMES) if said.workflows else ()
    return (Draft(path, configuration(said)), *more)


def workflow(name: str, said: Answers) -> str:
    """Return one of the four workflows, for this repository's default branch and version of PHP."""
    text = files("bot.init").joinpath("workflows", name).read_text(encoding="utf-8")
    return text.replace("MAIN_BRANCH", said.branch).replace("PHP_VERSION", said.php)


def configuration(said: Answers) -> str:
    """Return the starter with what is known filled in."""
    text = starter()
    text = _put(text, "name", said.name)
    text = _put(text, "git", said.git)
    text = _put(text, "repository", said.repository)
    text = _put(text, "recipe", said.recipe)
    text = text.replace('"https://staging.example.com"', _quoted(said.staging))
    text = text.replace('"https://www.example.com"', _quoted(said.production))
    if said.recipe == "laravel":
        text = text.replace('path = "/health"', 'path = "/api/health"')
    return _through_github(text) if said.workflows else text


def _put(text: str, key: str, value: str) -> str:
    """Replace the first value of a key and keep the comment behind it in its column; nothing leaves the example."""
    if not value:
        return text

    def filled(line: re.Match[str]) -> str:
        column = len(line["key"] + line["value"] + line["gap"])
        begun = line["key"] + _quoted(value)
        return f"{begun:{max(column, len(begun) + 1)}}{line['rest']}".rstrip()

    return re.sub(_LINE.format(key=key), filled, text, count=1)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _through_github(text: str) -> str:
    """Let the workflow deploy every environment instead of SSH."""
    for name in ("staging", "production"):
        ssh = re.compile(rf"(?ms)^\[environments\.{name}\.ssh\]\n.*?\n\n")
        text = ssh.sub(_github(name), text)
        text = text.replace(f"[environments.{name}]\n", f'[environments.{name}]\ndeployer = "github"\n')
    text = re.sub(r"(?m)^(version|target) = ", r"# \1 = ", text)
    after = re.compile(r"(?m)^after = .*$")
    required = f"checks = {{ required = {json.dumps(CHECKS)} }} # green on the commit\n"
    return after.sub(lambda line: f"{required}{line[0]}", text)


def _github(name: str) -> str:
    return (
        f"[environments.{name}.github]\n"
        'workflow = "deploy.yml"              # .github/workflows/deploy.yml; docs/github.md says how it is set up\n'
        f"{_INPUTS}\n"
    )
