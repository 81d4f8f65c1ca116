"""What lies between what runs and what is asked: for somebody who has not decided yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from commands.replies import Block
from commands.views.blocks import code, context, escape, facts, line, message, section
from commands.views.revisions import commit_line, link, listed, pull_line, workflows
from commands.views.words import count, release, short
from deployers.ports import Difference, Learned, Revision
from storage.models import Deployment

MOST_COMMITS = 10
MOST_PULLS = 8
MOST_PATHS = 8
ONLY_GIT = (
    "There is only git here, so I know nothing of pull requests, checks and signatures."
    " With `app.repository` and a `GITHUB_TOKEN` I ask GitHub for them."
)
_SIGNED = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What runs, what is asked, and everything that was learned of what lies between."""

    environment: str
    runs: Deployment | None
    revision: Revision
    difference: Difference
    learned: Learned
    risks: Sequence[str] = ()
    required: Sequence[str] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    """What continuous integration says of the revision: name to conclusion."""


def shown(seen: Seen) -> tuple[str, tuple[Block, ...]]:
    """Return the difference as text and as blocks."""
    head, told, small, following = _head(seen), [*_told(seen)], _unknown(seen.learned), _following(seen)
    pairs = _facts(seen)
    text = "\n\n".join([head, "\n".join(f"{label}: {value}" for label, value in pairs if value), *told])
    blocks = message(
        section(f":mag: {head}"),
        facts(pairs),
        *map(section, told),
        context(small) if small else None,
        context(" · ".join(filter(None, [following, "nothing was asked for yet"]))),
    )
    return "\n\n".join(filter(None, [text, small, following])), blocks


def _head(seen: Seen) -> str:
    asked = release(_name(seen.revision), seen.revision.sha)
    if seen.runs is None:
        return f"Nothing that I deployed runs on *{escape(seen.environment)}* yet; everything in {asked} would be new."
    runs = release(seen.runs.ref, seen.runs.sha)
    if seen.runs.sha == seen.revision.sha:
        return f"*{escape(seen.environment)}* runs {runs}, and {asked} is the same commit."
    return f"*{escape(seen.environment)}* runs {runs}. This is what {asked} would change."


def _following(seen: Seen) -> str:
    """Return what to type next; nothing where it runs already."""
    name, it = _name(seen.revision), seen.difference
    if seen.runs and seen.runs.sha == seen.revision.sha:
        return ""
    if it.behind_count and not it.ahead_count:
        return f"It is older than what runs. To go back to it: {code(f'/rollback {name} {seen.environment}')}"
    return f"To ask for it: {code(f'/deploy {seen.environment} {name}')}"


def _facts(seen: Seen) -> list[tuple[str, str]]:
    it = seen.difference
    size = f"{count(it.files_changed, 'file')}, +{it.insertions} −{it.deletions}" if it.files_changed else "no file"
    compared = f"\n{link(it.url, 'Compare on GitHub')}" if it.url else ""
    return [
        ("Runs now", code(short(seen.runs.sha)) if seen.runs else "nothing yet"),
        ("Asked", f"{code(short(seen.revision.sha))}{_kind(seen.revision)}"),
        ("Commits", _direction(it)),
        ("Changes", f"{size}{compared}"),
        ("Checks", _checks(seen)),
        ("Signed", _SIGNED[seen.learned.signed]),
    ]


def _kind(revision: Revision) -> str:
    if revision.full_ref.startswith("refs/tags/"):
        return ", a tag"
    return ", a branch" if revision.full_ref.startswith("refs/heads/") else ""


def _direction(it: Difference) -> str:
    if not (it.ahead_count or it.behind_count):
        return "none"
    ways = ((it.ahead_count, "ahead"), (it.behind_count, "behind"))
    return ", ".join(f"{number} {way}" for number, way in ways if number)


def _checks(seen: Seen) -> str:
    if not seen.required:
        return "none required"
    return "\n".join(f"{code(name, 60)} {line(seen.checks.get(name, 'unknown'), 40)}" for name in seen.required[:6])


def _told(seen: Seen) -> Iterator[str]:
    it, learned = seen.difference, seen.learned
    commits = ((it.ahead, it.ahead_count, "go live"), (it.behind, it.behind_count, "disappear"))
    for found, total, what in commits:
        if found:
            lines = listed([commit_line(each) for each in found], most=MOST_COMMITS, total=total)
            yield f"*Commits that {what}* ({total})\n{lines}"
    if learned.pulls:
        lines = listed([pull_line(each) for each in learned.pulls], most=MOST_PULLS)
        yield f"*Pull requests* ({len(learned.pulls)})\n{lines}"
    for title, paths in (("Migrations", it.migrations), ("Workflow files", workflows(it.touched))):
        if paths:
            names = listed([f"• {code(path, 150)}" for path in paths], most=MOST_PATHS)
            yield f"*{title}* ({len(paths)})\n{names}"
    if it.ahead_count or it.behind_count:
        yield "*Risks*\n" + ("\n".join(f"• {line(each, 200)}" for each in seen.risks[:10]) or "no risks found")


def _unknown(learned: Learned) -> str:
    if not learned.asked:
        return ONLY_GIT
    if learned.signed is None:
        return "GitHub did not answer everything, so pull requests and the signature are not known."
    return ""


def _name(revision: Revision) -> str:
    return revision.ref or revision.sha
