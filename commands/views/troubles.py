"""The manual's troubleshooting table as data: what a failure looks like, its likely cause, and what to do."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """One row of the table; an empty condition matches anything."""

    cause: str
    do: str
    codes: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    words: str = ""
    """A regular expression that the output or the message has to hold."""

    def fits(self, code: str, step: str, said: str) -> bool:
        """Say whether a failure looks like this one."""
        return (
            (not self.codes or code in self.codes)
            and (not self.steps or step in self.steps)
            and (not self.words or re.search(self.words, said, re.IGNORECASE) is not None)
        )


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


TROUBLES: tuple[Trouble, ...] = (
    # First: what a step would have done says nothing when nobody knows whether it did.
    Trouble(
        "The host lost the step's record: it was restarted, or the step was killed.",
        "Look at the host, then tell me with `/deploy resolve` what became of the step.",
        codes=_of("unknown"),
    ),
    Trouble(
        "The disk of the host is full.",
        "Make room there (`df -h`, old logs, old releases), then try again.",
        words=r"no space left|disk (is )?full|ENOSPC",
    ),
    Trouble(
        "The host has no room to record a step.",
        "Make room on it (`df -h`, `df -i`), then try again.",
        codes=_of("no_room"),
    ),
    Trouble(
        "The host was reinstalled, or somebody is between us and it.",
        "Compare its key with the host itself; only then replace its line in `known_hosts`.",
        codes=_of("host_key"),
    ),
    Trouble(
        "The host is down, or the network to it is.",
        "Check that it answers (`ssh`, your provider's console), then `shipmate check`.",
        codes=_of("unreachable"),
    ),
    Trouble(
        "Somebody else deploys to this host by hand or from another place.",
        "Ask the owner named above; the lock is theirs to release.",
        codes=_of("host_locked", "fenced"),
    ),
    Trouble(
        "The host may not read the repository.",
        "Check the deploy key on the host and its access to the repository.",
        steps=_of("prepare"),
        words=r"permission denied|publickey|could not read from remote|authentication failed|repository not found",
    ),
    Trouble(
        "The code could not be fetched.",
        "Check git access from the host (SSH keys), then try again.",
        steps=_of("prepare"),
    ),
    Trouble(
        "The build ran out of memory.",
        "Give the host more memory or swap, or build with fewer workers.",
        steps=_of("build"),
        words=r"out of memory|allowed memory size|killed|ENOMEM",
    ),
    Trouble(
        "Dependencies could not be installed.",
        "Check Composer and npm: the lock file, the package hosts, the cache (`composer clear-cache`).",
        steps=_of("build"),
    ),
    Trouble(
        "The database could not be reached.",
        "Check that it runs and that `.env` on the host names it rightly (`systemctl status mysql`).",
        steps=_of("migrate"),
        words=r"connection refused|access denied for user|could not connect|gone away|unknown database",
    ),
    Trouble(
        "A table or column is there already, so a migration ran half way before.",
        "Look at `php artisan migrate:status`, repair by hand, then try again.",
        steps=_of("migrate"),
        words=r"already exists|duplicate column",
    ),
    Trouble(
        "A migration failed.",
        "Look at `php artisan migrate:status` and at the output; to go back: `php artisan migrate:rollback --step=1`.",
        steps=_of("migrate"),
    ),
    Trouble(
        "The queue workers did not come up.",
        "Look at `php artisan horizon:status`; restart them with `php artisan horizon:terminate`.",
        words=r"horizon|queue worker",
    ),
    Trouble(
        "A service could not be restarted.",
        "Look at `systemctl status php8.2-fpm nginx redis`, and whether the deploy user may restart them (`sudo -n`).",
        steps=_of("restart"),
    ),
    Trouble(
        "The host still serves the old release.",
        "Check that the web server follows `current` (`$realpath_root`), and that PHP was reloaded.",
        codes=_of("unhealthy"),
        words=r"`current` there|serves|old release|instead of|version",
    ),
    Trouble(
        "The release answers slowly.",
        "Look at the slow query log, Redis and OPcache (`php artisan opcache:status`).",
        codes=_of("unhealthy"),
        words=r"slow|p95|timed? ?out",
    ),
    Trouble(
        "The release or a service it needs is sick.",
        "Look at the application's log and at its services on the host, and ask the health route there by hand.",
        codes=_of("unhealthy", "inconclusive"),
    ),
    Trouble(
        "The old release could not be switched off cleanly.",
        "Check that the deploy user may write where releases live (`ls -ld current releases`).",
        steps=_of("activate"),
    ),
)
OTHERWISE = Trouble("I know no likely cause.", "Read the output in the thread of the card, then try again.")


def likely(code: str, step: str, said: str) -> Trouble:
    """Return the first row of the table that fits."""
    return next((row for row in TROUBLES if row.fits(code, step, said[-8_000:])), OTHERWISE)
