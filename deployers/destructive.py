"""What a migration's file says about itself: what it would destroy, and whether the older release can live with it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deployers.ports_git import Danger, Difference, Repository

MOST_FILES = 30
"""So many migrations are read at most; those beyond count neither as harmless nor as compatible."""
_MARKER = re.compile(r"\bshipmate:\s*compatible\b", re.IGNORECASE)
_STRING = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
_SPLIT = {
    "sql": re.compile(rf"{_STRING}|(?P<comment>/\*.*?(?:\*/|\Z)|--[^\n]*|#[^\n]*)", re.DOTALL),
    "php": re.compile(rf"{_STRING}|(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*|#(?!\[)[^\n]*)", re.DOTALL),
    "js": re.compile(rf"{_STRING}|(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)", re.DOTALL),
    "py": re.compile(rf"{_STRING}|(?P<comment>#[^\n]*)", re.DOTALL),
}
_LIKE = {"ts": "js", "mjs": "js", "cjs": "js", "rb": "py"}
_DOWN_FILE = re.compile(r"[._-](?:down|undo|rollback)\.\w+$", re.IGNORECASE)
_DOWN_SQL = re.compile(r"--[^\n]*\b(?:migrate:down|\+goose down|\+migrate down|@undo|rollback)\b", re.IGNORECASE)
_DOWN_BRACES = re.compile(r"\bfunction\s+down\s*\(|\bdown\s*[=:(]\s*")
_DOWN_INDENT = re.compile(r"^([ \t]*)(?:async )?def (?:self\.)?(?:down|downgrade)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of statement that takes something away, and how it is told."""

    pattern: re.Pattern[str]
    what: str
    unless: str = ""
    """Harmless when the rest of the statement holds this word."""


def _rule(pattern: str, what: str, *, unless: str = "") -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE), what, unless)


_NO_COLUMN = r"(?!TABLE|COLUMN|INDEX|KEY|PRIMARY|FOREIGN|CONSTRAINT|CHECK|DEFAULT|NOT\b|EXPRESSION|IDENTITY|PARTITION)"
RULES = (
    _rule(r"\bDROP\s+TABLE\b", "drops a table"),
    _rule(r"\bDROP\s+(?:DATABASE|SCHEMA)\b", "drops a whole database"),
    _rule(r"\bDROP\s+COLUMN\b", "drops a column"),
    _rule(rf"\bALTER\s+TABLE\s[^;]{{0,500}}?\bDROP\s+{_NO_COLUMN}[`\"\w]", "drops a column"),
    _rule(r"\bTRUNCATE\s+(?:TABLE\s+)?[`\"\w]", "empties a table"),
    _rule(r"\bDELETE\s+FROM\s+[`\"\w.]", "deletes every row of a table", unless="WHERE"),
    _rule(r"\bUPDATE\s+(?!SET\b)[`\"\w.]+\s+SET\b", "overwrites every row of a table", unless="WHERE"),
    _rule(r"\bRENAME\s+TABLE\b|\bALTER\s+TABLE\s[^;]{0,500}?\bRENAME\s+(?:TO|AS)\b", "renames a table"),
    _rule(r"\bRENAME\s+COLUMN\b", "renames a column"),
    _rule(r"\bALTER\s+TABLE\s[^;]{0,500}?\bCHANGE\s+[`\"\w]", "changes a column's name or type"),
    _rule(r"\bALTER\s+TABLE\s[^;]{0,500}?\bMODIFY\s+[`\"\w]", "changes a column's type, maybe to a narrower one"),
    _rule(
        r"\bALTER\s+COLUMN\s+\S+\s+(?:SET\s+DATA\s+)?TYPE\b",
        "changes a column's type, maybe to a narrower one",
    ),
    _rule(r"\bSET\s+NOT\s+NULL\b", "makes a column required"),
    _rule(r"\bSchema::(?:connection\([^)]*\)->)?drop(?:IfExists|AllTables)?\(", "drops a table"),
    _rule(r"\bSchema::(?:connection\([^)]*\)->)?dropColumns?\(", "drops a column"),
    _rule(r"\bSchema::(?:connection\([^)]*\)->)?rename\(|->rename\(", "renames a table"),
    _rule(
        r"->(?:dropColumn|removeColumn|drop(?:Nullable)?(?:Timestamps|Morphs|SoftDeletes|RememberToken)\w*)\(",
        "drops a column",
    ),
    _rule(r"->renameColumn\(", "renames a column"),
    _rule(r"->change\(\s*\)", "changes a column's type, maybe to a narrower one"),
    _rule(r"(?:->|::)truncate\(", "empties a table"),
    _rule(r"(?:\bDB::table\([^)]*\)|::query\(\))\s*->\s*delete\(", "deletes every row of a table"),
    _rule(r"(?:\bDB::table\([^)]*\)|::query\(\))\s*->\s*update\(", "overwrites every row of a table"),
    _rule(r"\b(?:drop_table|dropTable|DeleteModel)\b", "drops a table"),
    _rule(r"\b(?:drop_column|remove_columns?|RemoveField)\b|\.dropColumns?\(", "drops a column"),
    _rule(r"\b(?:rename_table|renameTable|RenameModel)\b", "renames a table"),
    _rule(r"\b(?:rename_column|RenameField)\b|\.renameColumn\(", "renames a column"),
    _rule(
        r"\b(?:alter_column|change_column|AlterField)\b|\.alter\(\s*\)",
        "changes a column's type, maybe to a narrower one",
    ),
)


def dangers(path: str, content: str) -> tuple[Danger, ...]:
    """Return what running this migration would take away, line by line; its own way back does not count."""
    if _DOWN_FILE.search(path):
        return ()
    kind = _kind(path)
    code, _ = _split(_without_sql_down(content) if kind == "sql" else content, kind)
    code = _without_down(code, kind)
    found = {
        (code.count("\n", 0, match.start()) + 1, rule.what)
        for rule in RULES
        for match in rule.pattern.finditer(code)
        if not (rule.unless and re.search(rf"\b{rule.unless}\b", _statement(code, match.start()), re.IGNORECASE))
    }
    return tuple(Danger(path, line, what) for line, what in sorted(found))


def compatible(path: str, content: str) -> bool:
    """Say whether a comment in the file declares that the release before it can run on the changed database."""
    _, comments = _split(content, _kind(path))
    return any(_MARKER.search(comment) for comment in comments)


def understood(repository: Repository, difference: Difference, sha: str) -> Difference:
    """Return the difference with what its migrations say of themselves, as they are at a revision.

    Raises:
        RepositoryUnreachable: they could not be read.
    """
    wanted = difference.migrations[:MOST_FILES]
    contents = repository.read(sha, wanted) if wanted else {}
    return judged(difference, contents)


def judged(difference: Difference, contents: Mapping[str, str]) -> Difference:
    """Return the difference with what these contents of its migrations say; what could not be read says nothing."""
    known = [(path, contents[path]) for path in difference.migrations if path in contents]
    return replace(
        difference,
        compatible=tuple(path for path, content in known if compatible(path, content)),
        dangers=tuple(danger for path, content in known for danger in dangers(path, content)),
    )


def undeclared(migrations: Sequence[str], declared: Sequence[str]) -> tuple[str, ...]:
    """Return the migrations that nothing declares compatible with the release before them."""
    return tuple(path for path in migrations if path not in declared)


def _kind(path: str) -> str:
    ending = path.rpartition(".")[2].casefold()
    ending = _LIKE.get(ending, ending)
    return ending if ending in _SPLIT else "sql"


def _split(content: str, kind: str) -> tuple[str, list[str]]:
    """Return the code with its comments blanked out, line for line, and the comments."""
    comments: list[str] = []

    def blank(match: re.Match[str]) -> str:
        if match["comment"] is None:
            return match[0]
        comments.append(match[0])
        return re.sub(r"[^\n]", " ", match[0])

    return _SPLIT[kind].sub(blank, content), comments


def _without_sql_down(content: str) -> str:
    """Cut what stands below the comment that begins the way back."""
    down = _DOWN_SQL.search(content)
    return content[: down.start()] if down else content


def _without_down(code: str, kind: str) -> str:
    """Blank out the function that undoes the migration."""
    if kind == "sql":
        return code
    spans: Callable[[str], Iterator[tuple[int, int]]] = _indented if kind == "py" else _braced
    for start, end in spans(code):
        code = code[:start] + re.sub(r"[^\n]", " ", code[start:end]) + code[end:]
    return code


def _braced(code: str) -> Iterator[tuple[int, int]]:
    for begin in _DOWN_BRACES.finditer(code):
        opened = code.find("{", begin.start())
        if opened < 0:
            continue
        depth = 0
        for at in range(opened, len(code)):
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            if depth == 0:
                yield begin.start(), at + 1
                break


def _indented(code: str) -> Iterator[tuple[int, int]]:
    for begin in _DOWN_INDENT.finditer(code):
        following = re.compile(rf"^[ \t]{{0,{len(begin[1])}}}\S", re.MULTILINE)
        end = following.search(code, code.find("\n", begin.end()) + 1 or len(code))
        yield begin.start(), end.start() if end else len(code)


def _statement(code: str, start: int) -> str:
    end = code.find(";", start)
    return code[start : end if end >= 0 else len(code)]
