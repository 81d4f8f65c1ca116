"""What is known of revisions: differences, gates, open pull requests; from made-up facts that never change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import diff, prs, why
from commands.views.words import title
from deployers import gates
from deployers.environment import Freeze
from deployers.ports import Ci, Commit, Difference, Learned, OpenPull, Pull, Revision
from storage.models import Status
from tests.builders import NOW
from tests.golden.cards import deployment, sha

HUB = "https://github.com/shop/web"


def revisions() -> dict[str, Any]:
    """Return every answer about revisions by the name of its file."""
    return {
        "diff_github": _message(diff.shown(differs())),
        "diff_git": _message(diff.shown(only_git())),
        "diff_first": _message(diff.shown(replace(only_git(), runs=None))),
        "diff_same": _message(diff.shown(same())),
        "diff_back": _message(diff.shown(back())),
        "prs": _message(prs.shown(_waiting(), NOW)),
        "prs_many": _message(prs.shown(_waiting() * 9, NOW)),
        "prs_none": _message(prs.shown((), NOW)),
        "why_shut": _message(why.shown(f"{title(deployment(Status.AWAITING_APPROVAL))} waits for approval.", _shut())),
        "why_open": _message(why.shown("`v2.3` → *production*:", _open(), "Nothing was asked for.")),
        "why_over": _message(
            why.shown(
                f"{title(deployment(Status.EXPIRED))} is expired.",
                [],
                "To see what would stop it now: `/deploy why production v2.3`",
            )
        ),
    }


def differs() -> diff.Seen:
    """Return a difference of which GitHub knows everything."""
    ahead = tuple(commit(name, subject) for name, subject in SUBJECTS)
    touched = (".github/workflows/deploy.yml", "composer.lock", "database/migrations/007_names.php", "src/names.php")
    return diff.Seen(
        environment="production",
        runs=_runs(),
        revision=Revision("v2.3", "refs/tags/v2.3", sha("v2.3")),
        difference=Difference(ahead, 14, (), 0, touched[2:3], 9, 120, 33, touched, f"{HUB}/compare/v2.2...v2.3"),
        learned=Learned(
            (
                pull(41, "Give callers names", labels=("feature", "migration")),
                pull(40, "Escape <!channel> & friends", fork=True),
            ),
            (sha("c1"),),
            signed=True,
            asked=True,
        ),
        risks=("the database changes (1 migration)", "dependencies change", "from a fork: #40"),
        required=("tests", "security"),
        checks={"tests": "success", "security": "pending"},
    )


SUBJECTS = (("c3", "Give callers names (#41)"), ("c2", "Escape <!channel> & friends (#40)"), ("c1", "Fix a typo"))


def only_git() -> diff.Seen:
    """Return the same where there is only git."""
    full = differs()
    bare = replace(full.difference, url="", ahead=tuple(replace(it, url="") for it in full.difference.ahead))
    return replace(full, difference=bare, learned=Learned(), risks=full.risks[:2], required=(), checks={})


def same() -> diff.Seen:
    """Return what runs beside itself."""
    return replace(
        differs(),
        revision=Revision("main", "refs/heads/main", sha("v2.2")),
        difference=Difference((), 0, (), 0, ()),
        learned=Learned(signed=None, asked=True),
    )


def back() -> diff.Seen:
    """Return something older than what runs, while GitHub does not answer."""
    full = differs()
    gone = Difference((), 0, full.difference.ahead, 14, (), 9, 33, 120, ("src/names.php",))
    return replace(
        full,
        revision=Revision(sha("v2.1"), "", sha("v2.1")),
        difference=gone,
        learned=Learned(asked=True),
        risks=("14 commits that run now disappear",),
        required=("tests",),
        checks={},
    )


SNAPSHOT = gates.Snapshot("production", "v2.3", sha("v2.3"), "rolling", NOW, strategies=("rolling",))


def _open() -> list[why.Line]:
    return [*map(why.line_of, gates.every(replace(SNAPSHOT, required_checks=("tests",), checks={"tests": "success"})))]


def _shut() -> list[why.Line]:
    asked = replace(
        SNAPSHOT,
        freezes=(Freeze(("tue",), "08:00", "12:00", "the fair"),),
        after="staging",
        succeeded_there=True,
        required_checks=("tests", "security"),
        checks={"tests": "success", "security": "failure"},
        who="<@U0OMAR>",
    )
    missing = "1 of 2 approvals by <@U0BEN>. It needs 1 more."
    approvals = why.Line("Approvals", missing, shut=True, clears="<@U0LEA> can give it.")
    return [why.Line("Turn", "Nothing is before it."), approvals, *map(why.line_of, gates.every(asked))]


def _waiting() -> tuple[OpenPull, ...]:
    days = [NOW - timedelta(days=number) for number in (40, 12, 8, 5, 1)]
    return (
        OpenPull(pull(31, "Keep recordings for a year"), days[0], Ci.UNKNOWN),
        OpenPull(pull(36, "Count <!channel> calls"), days[1], Ci.RED, ("tests", "security")),
        OpenPull(pull(38, "Answer in French", labels=("feature", "migration")), days[2], Ci.GREEN),
        OpenPull(pull(42, "Try another queue"), days[3], Ci.GREEN, draft=True),
        OpenPull(pull(44, "Fix the greeting", fork=True), days[4], Ci.PENDING),
        OpenPull(pull(45, "Tidy up"), NOW, Ci.NONE),
    )


def commit(name: str, subject: str) -> Commit:
    """Return a commit of that subject."""
    return Commit(sha(name), subject, "Ana Silva", NOW, f"{HUB}/commit/{sha(name)}")


def pull(number: int, title: str, **about: Any) -> Pull:
    """Return a merged pull request."""
    return Pull(number, title, "ana", f"{HUB}/pull/{number}", **about)


def _runs() -> Any:
    return deployment(Status.SUCCEEDED, number=11, ref="v2.2", sha=sha("v2.2"), served_at=NOW)


def _message(said: tuple[str, tuple[Any, ...]]) -> dict[str, Any]:
    return {"text": said[0], "blocks": list(said[1])}
