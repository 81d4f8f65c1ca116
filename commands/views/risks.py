"""What could go wrong with a difference, told before anybody approves; rules as data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from deployers.destructive import MOST_FILES
from deployers.ports import Difference, Finding, Learned
from deployers.schema import Ran, name_of

MANY_COMMITS = 50
MANY_LINES = 2_000
MOST_NAMED = 3
MOST_MIGRATIONS = 4
MOST_TOUCHED = 200
"""So many changed paths are told at most; GitHub itself tells three hundred."""
_LOCKS = ("composer.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "*.lock", "go.sum")
_CONFIGURATION = ("config/*", ".env*", "docker-compose*.yml", "nginx/*", "*.service")
_PIPELINE = (".github/workflows/*", ".ci/*", "Dockerfile*", "deploy/*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One risk: when it is there, and how it is told."""

    there: Callable[[Difference], bool]
    told: Callable[[Difference], str]


RULES = (
    Rule(
        lambda it: bool(it.migrations), lambda it: f"the database changes ({_number(len(it.migrations), 'migration')})"
    ),
    Rule(
        lambda it: it.behind_count > 0,
        lambda it: (
            f"{_number(it.behind_count, 'commit')} that runs now disappears"
            if it.behind_count == 1
            else f"{it.behind_count} commits that run now disappear"
        ),
    ),
    Rule(lambda it: _touches(it, _LOCKS), lambda _: "dependencies change"),
    Rule(lambda it: _touches(it, _CONFIGURATION), lambda _: "configuration changes"),
    Rule(
        lambda it: _touches(it, _PIPELINE),
        lambda it: f"the pipeline itself changes: {_some(_matching(it.touched, _PIPELINE))}",
    ),
    Rule(
        lambda it: len(it.touched) >= MOST_TOUCHED,
        lambda it: f"only the first {len(it.touched)} files that change were looked at for these",
    ),
    Rule(lambda it: it.ahead_count > MANY_COMMITS, lambda it: f"{it.ahead_count} commits at once"),
    Rule(
        lambda it: it.insertions + it.deletions > MANY_LINES, lambda it: f"{it.insertions + it.deletions} changed lines"
    ),
)


def risks(difference: Difference, findings: Sequence[Finding] = (), *, way_back: str | None) -> list[str]:
    """Return what could go wrong, in words; an empty list means that nothing was found."""
    told = [rule.told(difference) for rule in RULES if rule.there(difference)]
    if way_back is None:
        told.append("no way back: no earlier release served well here")
    told += [f"{it.where}: {it.what}{f' ({it.detail})' if it.detail else ''}" for it in findings if not it.good]
    return told


def overlap(left_behind: Sequence[str]) -> list[str]:
    """Return what it means for the targets that change later when the database changes first, in words."""
    if not left_behind:
        return []
    until = f"{_some(left_behind)} until their turn"
    return [f"old code over the new database on {until}; nobody has declared that it can do so"]


def destructive(difference: Difference) -> list[str]:
    """Return which migrations take something away, in words, and which could not be read."""
    by_path: dict[str, list[str]] = {}
    for danger in difference.dangers:
        by_path.setdefault(danger.path, []).append(f"{danger.what} (line {danger.line})")
    told = [f"{path} {', '.join(what[:MOST_NAMED])}{_more(what)}" for path, what in by_path.items()]
    shown = told[:MOST_MIGRATIONS]
    if len(told) > len(shown):
        shown.append(f"{_number(len(told) - len(shown), 'more migration')} take something away")
    if (unread := len(difference.migrations) - MOST_FILES) > 0:
        shown.append(f"{_number(unread, 'migration')} more than I read: what they take away is not known")
    return shown


def pending(difference: Difference, ran: Ran) -> list[str]:
    """Return which migrations run besides those that come with the release, in words; and that nobody could tell."""
    coming = {name_of(path) for path in difference.migrations}
    forgotten = [name for name in ran.pending or () if name not in coming]
    told = []
    if forgotten:
        told.append(f"pending on {ran.where} from before, so they run as well: {_some(forgotten)}")
    if ran.why:
        told.append(f"which migrations are pending on {ran.where} could not be asked ({ran.why})")
    return told


def unusual(learned: Learned) -> list[str]:
    """Return what is unusual about how the commits came in, in words."""
    told = []
    if learned.alone:
        some = ", ".join(f"`{sha[:7]}`" for sha in learned.alone[:MOST_NAMED])
        more = ", …" if len(learned.alone) > MOST_NAMED else ""
        told.append(f"{_number(len(learned.alone), 'commit')} came without a pull request ({some}{more})")
    if forks := [pull for pull in learned.pulls if pull.fork]:
        told.append(f"from a fork: {', '.join(f'#{pull.number}' for pull in forks[:MOST_NAMED])}")
    if learned.unasked:
        told.append(f"GitHub did not tell how {_number(learned.unasked, 'commit')} came in")
    return told


def special(difference: Difference, patterns: Sequence[str]) -> list[str]:
    """Return which paths change that are configured to count as risky, in words."""
    found = [path for path in difference.touched if any(fnmatch(path, pattern) for pattern in patterns)]
    return [f"what counts as risky here changes: {_some(found)}"] if found else []


def _touches(difference: Difference, patterns: Sequence[str]) -> bool:
    return bool(_matching(difference.touched, patterns))


def _matching(paths: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the paths of which the whole or the file's name is like one of the patterns."""
    names = ((path, path.rpartition("/")[2]) for path in paths)
    return [both[0] for both in names if any(fnmatch(one, pattern) for one in both for pattern in patterns)]


def _more(what: Sequence[str]) -> str:
    return f" and {len(what) - MOST_NAMED} more" if len(what) > MOST_NAMED else ""


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
