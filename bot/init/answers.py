"""What `shipmate init` has to know: seen in the repository, said by flags, or asked for."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.init.looking import Seen

Ask = Callable[[str, str], str]
"""Puts a question with the answer that is taken when nothing is typed."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?")
_YES = ("y", "yes")


@dataclass
class NotAnAnswer(ValueError):
    """Something that was said cannot be written down."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class Answers:
    """What is written down."""

    name: str
    git: str
    repository: str
    recipe: str
    branch: str
    php: str
    workflows: bool
    """Whether GitHub deploys, by the workflows that are written too."""
    staging: str = "https://staging.example.com"
    production: str = "https://www.example.com"

    def __post_init__(self) -> None:
        """Refuse what could not be read back."""
        if self.repository and not _REPOSITORY.fullmatch(self.repository):
            raise NotAnAnswer("The repository is written as owner/name, as in its address on GitHub.")
        if self.workflows and not self.repository:
            raise NotAnAnswer("The workflows need the repository on GitHub. Type `--repository owner/name` as well.")
        for address in (self.staging, self.production):
            if not _WEB.fullmatch(address):
                raise NotAnAnswer("An address begins with https:// and names a host, such as https://www.example.com.")
        if not self.name.strip() or not self.name.isprintable():
            raise NotAnAnswer("The application needs a name, on one line.")


def answers(seen: Seen, *, repository: str = "", workflows: bool = False) -> Answers:
    """Return the answers that need no question: what was seen, unless a flag says otherwise."""
    named = repository or seen.repository
    other = bool(repository) and repository != seen.repository
    return Answers(
        name=named.partition("/")[2] if other else seen.name,
        git=f"git@github.com:{named}.git" if named and (other or not seen.git) else seen.git,
        repository=named,
        recipe="laravel" if workflows else seen.recipe,
        branch=seen.branch,
        php=seen.php,
        workflows=workflows,
    )


def asked(known: Answers, ask: Ask) -> Answers:
    """Ask for what cannot be seen, each with what is taken when nothing is typed."""
    name = ask("What is the application called?", known.name)
    repository = ask("Which repository on GitHub is it, as owner/name? Empty if it is elsewhere", known.repository)
    staging = ask("What is the address of staging?", known.staging)
    production = ask("What is the address of production?", known.production)
    workflows = known.workflows
    if repository and not workflows:
        workflows = ask("Shall GitHub workflows deploy, instead of Shipmate over SSH? y or n", "n").lower() in _YES
    moved = repository != known.repository
    return replace(
        known,
        name=name,
        repository=repository,
        git=f"git@github.com:{repository}.git" if repository and moved else known.git,
        recipe="laravel" if workflows else known.recipe,
        staging=staging,
        production=production,
        workflows=workflows,
    )
