"""What somebody wants to go back to, and how far: `/rollback` read into a value, and written as a command again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from commands import arguments
from commands.arguments import Grammar, Parsed
from commands.errors import Refused
from commands.views.blocks import code
from deployers.environment import Environment
from deployers.rollback import Extent

LATEST, UNDO = "latest", "undo"
MIGRATIONS, DATABASE, UNCHECKED, QUIET = "migrations-back", "restore-database", "skip-health-check", "no-notify"
GRAMMAR = Grammar(
    options=("reason", "confirm"),
    flags=("yes", "dry-run", MIGRATIONS, DATABASE, UNCHECKED, QUIET),
    sentence="reason",
    words=2,
)
MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to go back to."""

    environment: Environment | None
    """None where nobody has said which."""
    release: str = LATEST
    """A release that served: its name, number or SHA, or `latest`."""
    backup: str = ""
    """A backup's name, `latest`, or `undo` for taking the last restore back; empty where no backup is meant."""
    lists: bool = False
    """Whether only the backups are asked for."""
    migrations_back: bool = False
    database: bool = False
    checks_health: bool = True
    quiet: bool = False
    """Whether the card's thread stays silent when all went well."""
    dry: bool = False
    """Whether nothing is to be done, only shown."""
    sure: bool = False
    confirmed: str = ""
    """The environment's name as somebody typed it."""
    reason: str = ""

    @property
    def undoes(self) -> bool:
        """Say whether a restore is to be undone."""
        return self.backup == UNDO

    @property
    def extent(self) -> Extent:
        """Return how much is taken back."""
        if self.backup:
            return Extent.DATABASE if self.database else Extent.FILES
        return Extent.MIGRATIONS if self.migrations_back else Extent.CODE

    @property
    def place(self) -> Environment:
        """Return the environment that was said or is meant."""
        if self.environment is None:
            raise ValueError("nobody has said which environment")
        return self.environment

    def words(self, found: str) -> str:
        """Return what follows `/rollback` to ask for the same again; `found` is what was found for `latest`."""
        what = f"backup {UNDO if self.undoes else found}" if self.backup else found
        database = self.database and not self.undoes
        flags = ((self.migrations_back, MIGRATIONS), (database, DATABASE), (not self.checks_health, UNCHECKED))
        told = [f"--{name}" for there, name in (*flags, (self.quiet, QUIET)) if there]
        return " ".join([what, self.place.name, *told])


def read(text: str, environments: Mapping[str, Environment]) -> Wanted:
    """Return what was said.

    Raises:
        Refused: it cannot be understood, or means two things at once.
    """
    parsed = arguments.parse(text, GRAMMAR)
    words, kind = _kind(parsed)
    place, named = arguments.place_and_ref(words, environments)
    backup = (named or LATEST) if kind == "backup" else ""
    wanted = Wanted(
        environment=place,
        release=named or LATEST,
        backup=backup.casefold(),
        lists=kind == "backup" and not named,
        migrations_back=MIGRATIONS in parsed.flags,
        database=DATABASE in parsed.flags or backup.casefold() == UNDO,
        checks_health=UNCHECKED not in parsed.flags,
        quiet=QUIET in parsed.flags,
        dry="dry-run" in parsed.flags,
        sure="yes" in parsed.flags,
        confirmed=parsed.options.get("confirm", "").strip(),
        reason=parsed.options.get("reason", "")[:MOST_REASON],
    )
    _demand_one_thing(wanted)
    return wanted if not (wanted.lists and wanted.database) else replace(wanted, lists=False)


def _kind(parsed: Parsed) -> tuple[tuple[str, ...], str]:
    """Return the words without the one that says what kind of thing is named, and that one."""
    lower = [word.casefold() for word in parsed.words]
    for kind in ("backup", "to"):
        if kind in lower:
            at = lower.index(kind)
            return (*parsed.words[:at], *parsed.words[at + 1 :]), kind
    return parsed.words, ""


def _demand_one_thing(wanted: Wanted) -> None:
    if wanted.backup and wanted.migrations_back:
        raise Refused(
            "A backup holds code and database as they were; taking migrations back is another way.",
            f"Say either `--{MIGRATIONS}` or `backup … --{DATABASE}`.",
            "arguments",
        )
    for there, name in ((wanted.database, DATABASE), (not wanted.checks_health, UNCHECKED)):
        if there and not wanted.backup:
            raise Refused(
                f"{code(f'--{name}')} belongs to going back to a backup.",
                f"See what there is: `/rollback backup`; then `/rollback backup latest --{name}`.",
                "arguments",
            )
