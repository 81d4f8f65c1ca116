"""Which refs a person may type, and how refs are ordered; pure."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from deployers.errors import RefRefused

LONGEST = 200
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")
_SHA = re.compile(r"[0-9a-fA-F]{40}")
_SHORT_SHA = re.compile(r"(?=[a-f]*[0-9])[0-9a-f]{7,39}")
_NEVER = ("..", "//", "/.", "./", ".lock/")
_PARTS = re.compile(r"\d+|[^\d.+_-]+")
_KINDS = ("refs/tags/", "refs/heads/")


def accept(text: str) -> str:
    """Return a ref that a person typed, without the space around it, if its spelling is one that is allowed.

    Raises:
        RefRefused: it holds anything that git, a shell or Slack could take for something else.
    """
    ref = text.strip()
    if why := _fault(ref):
        raise RefRefused(_shown(ref), why)
    return ref


def _fault(ref: str) -> str:
    if not ref:
        return "No tag, branch or SHA was given"
    if len(ref) > LONGEST:
        return f"A ref may have at most {LONGEST} characters; this one has {len(ref)}"
    if not ref.isascii():
        strange = next(letter for letter in ref if not letter.isascii())
        return f"`{_shown(ref)}` holds a character (U+{ord(strange):04X}) that is not plain ASCII; type it by hand"
    if ref.startswith("-"):
        return f"`{_shown(ref)}` begins with a dash, so git could take it for an option"
    if not _ALLOWED.fullmatch(ref) or any(part in ref for part in _NEVER) or ref.endswith((".", "/", ".lock")):
        return f"`{_shown(ref)}` is not a ref that can be deployed: letters, digits and `. _ / + -` are allowed"
    return ""


def _shown(ref: str) -> str:
    """Return the ref as it can be shown to people: short, on one line, without anything that Slack acts on."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in ref[:60])
    return plain.translate({ord(letter): "?" for letter in "<>`&"})


def is_sha(ref: str) -> bool:
    """Say whether the ref looks like a full SHA."""
    return bool(_SHA.fullmatch(ref))


def is_short_sha(ref: str) -> bool:
    """Say whether the ref looks like the beginning of a SHA."""
    return bool(_SHORT_SHA.fullmatch(ref))


def meanings(ref: str) -> tuple[str, ...]:
    """Return the full names of the tags and branches that a ref could mean."""
    if ref.startswith("refs/"):
        return (ref,) if ref.startswith(_KINDS) else ()
    full = (f"refs/{ref}",) if ref.startswith(("tags/", "heads/")) else ()
    return (*full, *(kind + ref for kind in _KINDS))


def short(full_ref: str) -> str:
    """Return the name that people use for a tag or a branch."""
    for kind in _KINDS:
        full_ref = full_ref.removeprefix(kind)
    return full_ref


def may_be_typed(name: str) -> bool:
    """Say whether a name that the repository holds is one that a person could ask for."""
    return not _fault(name) and not is_sha(name)


def closest(ref: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return at most three names that are most like the ref."""
    known = {name.lower(): name for name in names if may_be_typed(name)}
    return tuple(known[near] for near in get_close_matches(short(ref).lower(), known, n=3, cutoff=0.5))


def newest_first(names: Iterable[str]) -> list[str]:
    """Order version names from the newest down; a pre-release comes after its release."""
    return sorted(names, key=_age, reverse=True)


def _age(name: str) -> tuple[list[tuple[int, int, str]], bool, list[tuple[int, int, str]], str]:
    release, dash, rest = name.partition("-")
    return _numbers(release), not dash, _numbers(rest), name


def _numbers(text: str) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in _PARTS.findall(text)]
