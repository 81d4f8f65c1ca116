"""What a repository says of itself, as far as it can be seen without asking anybody."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.settings.words import Git
from deployers.git_command import GitFailed, environment, git, without_credentials
from deployers.refs import may_be_typed

WORKFLOWS = Path(".github/workflows")
_ON_GITHUB = re.compile(r"github\.com[:/]([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?$")
_PHP = re.compile(r"(?<![\d.])(8\.\d+)")
_SECONDS = 10.0
_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository, as it was found."""

    name: str
    """What the application could be called."""
    git: str = ""
    """Where `origin` is, without a password."""
    repository: str = ""
    """owner/name, when it is on GitHub."""
    branch: str = "main"
    recipe: str = "web"
    php: str = "8.2"
    workflows: tuple[str, ...] = ()


def look(folder: Path) -> Seen:
    """Look at a folder: its remote, its kind, its workflows."""
    remote = _remote(folder)
    found = _ON_GITHUB.search(remote)
    repository = found[1] if found else ""
    laravel = (folder / "artisan").is_file() or "laravel/framework" in _required(folder)
    return Seen(
        name=repository.partition("/")[2] or folder.resolve().name or "application",
        git=remote,
        repository=repository,
        branch=_branch(folder),
        recipe="laravel" if laravel else "web",
        php=_php(folder),
        workflows=tuple(sorted(path.name for path in (folder / WORKFLOWS).glob("*.y*ml"))),
    )


def _git(folder: Path, *words: str) -> str:
    try:
        return git(folder.resolve() / ".git", *words, seen=environment(), within=_SECONDS, budget=_BYTES).strip()
    except GitFailed:
        return ""


def _remote(folder: Path) -> str:
    """Return where `origin` is, if the configuration may name it; a password is left out."""
    told = _git(folder, "remote", "get-url", "origin")
    told = without_credentials(told) if told.startswith("http") else told
    try:
        return TypeAdapter(Git).validate_python(told)
    except ValidationError:
        return ""


def _branch(folder: Path) -> str:
    """Return the default branch, as `origin` had it when it was cloned; it is `main` when that cannot be told."""
    name = _git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    return name if may_be_typed(name) else "main"


def _php(folder: Path) -> str:
    """Return the lowest version of PHP that composer.json allows."""
    found = _PHP.search(_required(folder).get("php", ""))
    return found[1] if found else "8.2"


def _required(folder: Path) -> dict[str, str]:
    try:
        told = json.loads((folder / "composer.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    required = told.get("require") if isinstance(told, dict) else None
    return {str(name): str(version) for name, version in required.items()} if isinstance(required, dict) else {}
