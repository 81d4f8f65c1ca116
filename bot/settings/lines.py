"""On which line of a TOML text each key stands; the standard library's parser does not say."""

import re
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\''
    r'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    r"|#[^\n]*|\n|[\[\]{}=,.]|[^\s\[\]{}=,.#\"']+",
    re.DOTALL,
)


class _Token(NamedTuple):
    text: str
    line: int


def places(text: str) -> dict[Path, int]:
    """Return the line of every table, key and array item of a TOML text that has been parsed before."""
    return _Reader(text).read()


def line_of(found: dict[Path, int], path: Path) -> int:
    """Return the line of a key path, or of the nearest thing around it that stands in the text."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return 1


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._found: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._at < len(self._tokens):
            match self._peek():
                case "\n":
                    self._at += 1
                case "[":
                    table = self._header()
                case _:
                    self._pair(table)
        return self._found

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else "\n"

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], line)

    def _header(self) -> Path:
        line, many = self._take().line, self._peek() == "["
        if many:
            self._take()
        named = self._key("]")
        path: Path = ()
        for part in named[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path])
        path = (*path, named[-1])
        if many:
            self._take()
            self._counts[path] = self._counts.get(path, -1) + 1
            path = (*path, self._counts[path])
        self._note(path, line)
        return path

    def _key(self, end: str) -> Path:
        parts: list[str] = []
        while self._at < len(self._tokens):
            token = self._take()
            if token.text == end:
                break
            if token.text != ".":
                parts.append(_unquoted(token.text))
        return tuple(parts)

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at].line
        path = (*table, *self._key("="))
        self._note(path, line)
        self._value(path)

    def _value(self, path: Path) -> None:
        match self._peek():
            case "[":
                self._array(path)
            case "{":
                self._table(path)
            case _:
                while self._at < len(self._tokens) and self._peek() not in {"\n", ",", "]", "}"}:
                    self._take()

    def _array(self, path: Path) -> None:
        self._take()
        index = 0
        while self._at < len(self._tokens) and self._peek() != "]":
            if self._peek() in {"\n", ","}:
                self._take()
                continue
            item = (*path, index)
            self._note(item, self._tokens[self._at].line)
            self._value(item)
            index += 1
        self._at += 1

    def _table(self, path: Path) -> None:
        self._take()
        while self._at < len(self._tokens) and self._peek() != "}":
            if self._peek() in {"\n", ","}:
                self._take()
            else:
                self._pair(path)
        self._at += 1


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if not token.startswith("#"):
            yield _Token(token, line)
        line += token.count("\n")


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] in {'"', "'"} else text
