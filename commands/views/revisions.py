"""Commits and pull requests as lines, with links where somebody knows them."""

from collections.abc import Iterable, Sequence

from commands.views.blocks import escape, line
from commands.views.words import short
from deployers.ports import Commit, Pull

MOST_LABELS = 3
_WORKFLOWS = ".github/workflows/"


def commit_line(commit: Commit) -> str:
    """Return a commit: its short SHA, linked where that is possible, subject and author."""
    sha = link(commit.url, short(commit.sha)) if commit.url else f"`{escape(short(commit.sha))}`"
    return f"• {sha} {line(commit.subject, 120)} — {line(commit.author, 40)}"


def pull_line(pull: Pull) -> str:
    """Return a pull request: its number, linked, title, author, labels, and whether it came from a fork."""
    fork = ", from a fork" if pull.fork else ""
    return (
        f"• {link(pull.url, f'#{pull.number}')} {line(pull.title, 80)} by {line(pull.author, 40)}{fork}{labels(pull)}"
    )


def labels(pull: Pull) -> str:
    """Return the first labels of a pull request, each as code."""
    return "".join(f" `{line(name.replace('`', 'ˋ'), 30)}`" for name in pull.labels[:MOST_LABELS])


def link(url: str, words: str) -> str:
    """Return words that lead to an address of GitHub's; the words alone where the address is none."""
    if not url.startswith(("https://", "http://")) or any(char in url for char in "|<> \n"):
        return escape(words)
    return f"<{escape(url)}|{escape(words)}>"


def listed(lines: Sequence[str], *, most: int, total: int = 0) -> str:
    """Return so many lines, and how many more there are."""
    shown = list(lines[:most])
    if (more := max(total, len(lines)) - len(shown)) > 0:
        shown.append(f"… and {more} more")
    return "\n".join(shown)


def workflows(paths: Iterable[str]) -> list[str]:
    """Return which of the paths are workflow files of GitHub's."""
    return [path for path in paths if path.startswith(_WORKFLOWS)]
