"""The people, user groups and channels that the sandbox begins with."""

from bot.sandbox.slack.entities import BOT_USER, Channel, Group, Person

EVERYBODY = {"U0ANA", "U0BEN", "U0OMAR", "U0LEA"}
GUESTS = {"U0GUEST", "U0STRANGE"}


def people() -> list[Person]:
    """Return one person of each kind the app must tell apart."""
    return [
        Person("U0ANA", "ana", "Ana Silva", "ana@askproai.de", "Developer"),
        Person("U0BEN", "ben", "Ben Wolf", "ben@askproai.de", "Release manager"),
        Person("U0OMAR", "omar", "Omar Haddad", "omar@askproai.de", "Operator"),
        Person("U0LEA", "lea", "Lea Brandt", "lead@askproai.de", "Lead"),
        Person("U0GUEST", "gus", "Gus Meyer", "gus@example.org", "Guest", restricted=True),
        Person("U0STRANGE", "sam", "Sam Porter", "sam@partner.example", "From another organisation", team="T0OTHER"),
        Person(BOT_USER, "shipmate", "Shipmate", bot=True),
    ]


def groups() -> list[Group]:
    """Return the user groups that roles are given to."""
    return [
        Group("S0DEV", "developers", "Developers", ["U0ANA", "U0BEN", "U0OMAR"]),
        Group("S0REL", "release-managers", "Release managers", ["U0BEN", "U0LEA"]),
        Group("S0OPS", "devops", "DevOps", ["U0OMAR"]),
    ]


def channels() -> list[Channel]:
    """Return the channels; the app is in all of them but #general."""
    return [
        Channel("C0DEPLOY", "deployments", EVERYBODY | GUESTS | {BOT_USER}, "What goes live, and how it went"),
        Channel("C0ALERT", "alerts", EVERYBODY | {BOT_USER}, "What needs a person now"),
        Channel("C0MON", "monitoring", EVERYBODY | {BOT_USER}, "How things run"),
        Channel("C0GEN", "general", EVERYBODY | GUESTS, "Everything else"),
    ]
