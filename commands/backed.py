"""Which environment is meant, of those that are backed up."""

from commands import arguments
from commands.command import Request
from commands.errors import Refused
from commands.services import Services
from deployers.environment import Environment


def meant(request: Request, services: Services, word: str) -> Environment:
    """Return the environment that a word of `/ops` names; refuse one that has no backups."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    if len(words) != 1:
        names = " or ".join(f"`/ops {word} {it.name}`" for it in services.environments.values() if it.backup)
        raise Refused("Say which environment.", f"Type {names}." if names else "None is backed up.", "arguments")
    place = arguments.environment(words[0], services.environments)
    if place.backup is None or not place.machines:
        why = "`shipmate.toml` does not say where backups go" if place.machines else "I have no way to its hosts"
        raise Refused(
            f"{place.name} has no backups: {why}.",
            f"Write `[environments.{place.name}.backup]` with `directory` and `database`; see docs/backups.md.",
            "no_backup",
        )
    return place
