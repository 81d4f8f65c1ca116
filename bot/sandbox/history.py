"""The sample repository's history, as data: who changed what, when, and which tags people gave it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BEGAN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

ANA = "Ana Petrova <ana@askproai.example>"
BEN = "Ben Okafor <ben@askproai.example>"
OMAR = "Omar Haddad <omar@askproai.example>"
MIRA = "Mira Lindqvist <mira@askproai.example>"


@dataclass(frozen=True, slots=True)
class Write:
    """A file as it is from now on: the text itself, or a source of the sample application."""

    path: str
    text: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a file that is replaced."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One commit."""

    hours: int
    """When it was made: hours after the beginning, where a week has five days."""
    author: str
    subject: str
    files: tuple[Write | Edit, ...]
    tag: str = ""
    on: str = "main"
    """The branch it continues."""
    branch_from: str = ""
    """The tag where its branch begins."""
    body: str = ""

    @property
    def at(self) -> datetime:
        """Return when it was made."""
        days, hours = divmod(self.hours, 24)
        weeks, day = divmod(days, 5)
        return BEGAN + timedelta(weeks=weeks, days=day, hours=hours)


def _version(number: str) -> Write:
    return Write("VERSION", f"{number}\n")


def _page(old: str, new: str) -> Edit:
    return Edit("page.html", old, new)


FIRST = (
    Change(0, ANA, "project: Say what the call desk is for", (Write("README.md", source="README.md"),)),
    Change(
        5,
        ANA,
        "server: Serve a page, its health and its version",
        (
            Write("server.py", source="server.py"),
            Write("health.py", source="health.py"),
            Write("database.py", source="database.py"),
            Write("page.html", source="page.html"),
            _version("v2.0"),
        ),
    ),
    Change(
        29,
        OMAR,
        "database: Remember calls (#3)",
        (
            Write("migrate.py", source="migrate.py"),
            Write("migrations/001_calls.sql", source="migrations/001_calls.sql"),
        ),
    ),
    Change(53, BEN, "jobs: Count calls in the background (#4)", (Write("jobs.py", source="jobs.py"),)),
    Change(
        78,
        OMAR,
        "build: Check the sources before they are shipped (#6)",
        (Write("build.sh", source="build.sh"), Write(".gitignore", "__pycache__/\nstorage/\nREVISION\n")),
    ),
    Change(96, BEN, "release: v2.1", (_version("v2.1"),), tag="v2.1"),
)

SECOND = (
    Change(
        126,
        MIRA,
        "page: Leave room around the figures (#8)",
        (
            _page(
                "<title>Call desk</title>\n",
                "<title>Call desk</title>\n<style>body { font: 18px/1.5 sans-serif; margin: 3em auto; max-width: 40em }"
                "</style>\n",
            ),
        ),
    ),
    Change(
        150,
        ANA,
        "calls: Remember which agent answered (#9)",
        (Write("migrations/002_agents.sql", source="migrations/002_agents.sql"),),
        body="Releases before this one do not look at the column, so they run with it.",
    ),
    Change(
        173,
        MIRA,
        "page: Say hello in the morning (#11)",
        (_page("<h1>Call desk</h1>", "<h1>Call desk</h1>\n<p>Good morning.</p>"),),
    ),
    Change(198, BEN, "release: v2.2", (_version("v2.2"),), tag="v2.2"),
)

THIRD = (
    Change(
        222,
        ANA,
        "page: Greet at any time of the day (#12)",
        (_page("<p>Good morning.</p>", "<p>Hello, and welcome back.</p>"),),
    ),
    Change(
        246,
        OMAR,
        "jobs: Count twice a second only where somebody looks (#14)",
        (Edit("jobs.py", "PAUSE = 0.5", "PAUSE = 1.0"),),
    ),
    Change(
        270,
        MIRA,
        "page: Read well on a phone (#15)",
        (
            _page(
                '<meta charset="utf-8">',
                '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">',
            ),
        ),
    ),
    Change(
        275,
        ANA,
        "readme: Tell how the health routes are asked (#16)",
        (
            Edit(
                "README.md",
                "which release answers.",
                "which release answers.\n`/api/health/database`, `/queue` and `/storage` ask for one part alone.",
            ),
        ),
    ),
    Change(294, BEN, "release: v2.3", (_version("v2.3"),), tag="v2.3"),
)

SICK = (
    Change(
        319,
        MIRA,
        "jobs: Keep the live figures fresh (#18)",
        (Write("jobs.py", source="jobs_leaking.py"),),
        on="release/2.4",
        branch_from="v2.3",
    ),
    Change(342, BEN, "release: v2.4", (_version("v2.4"),), tag="v2.4", on="release/2.4"),
)

BROKEN = (
    Change(
        366,
        OMAR,
        "jobs: Give connections back (#19)",
        (Write("jobs.py", source="jobs.py"),),
        on="release/2.5",
        branch_from="v2.4",
    ),
    Change(
        390,
        ANA,
        "invoices: Bill each call to its agent (#21)",
        (Write("migrations/003_invoices.sql", source="migrations/003_invoices.sql"),),
        on="release/2.5",
    ),
    Change(414, BEN, "release: v2.5", (_version("v2.5"),), tag="v2.5", on="release/2.5"),
)

AFTER = (
    Change(
        320,
        ANA,
        "page: Name the desk in the title (#20)",
        (_page("<title>Call desk</title>", "<title>Call desk · today</title>"),),
    ),
    Change(
        345,
        MIRA,
        "login: Do not lose the session on a second tab (#22)",
        (_page("<p>Hello, and welcome back.</p>", "<p>Hello again. You are still logged in.</p>"),),
        on="hotfix/login",
        branch_from="v2.3",
    ),
)

HISTORY = FIRST + SECOND + THIRD + SICK + BROKEN + AFTER
BRANCHES = ("main", "hotfix/login")
"""Those that are kept; release branches were deleted after their tag."""
