"""What stands behind a slash command, read tolerantly: any order, phone punctuation, helpful about mistakes."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from commands.errors import Refused
from commands.views.blocks import code
from deployers.environment import Environment

_DOUBLE = '"“”„«»'
_SINGLE = {"'": "'", "‘": "’", "‚": "‘’"}
_DASHES = "-–—―−‐‑‒"
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a command understands besides its plain words."""

    options: tuple[str, ...] = ()
    """Options that take a value: `strategy`."""
    flags: tuple[str, ...] = ()
    """Options that take none: `yes`."""
    sentence: str = ""
    """An option that may be a whole sentence without quotes, once `words` plain words were said."""
    words: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command's words and options."""

    words: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    option: bool = False
    """Whether it began with two dashes (or what a phone makes of them)."""
    quoted: bool = False


def parse(text: str, grammar: Grammar) -> Parsed:
    """Return what was said; unknown options and missing values are refused with what to type instead.

    Raises:
        Refused: the text cannot be understood.
    """
    tokens = _tokens(text)
    words: list[str] = []
    options: dict[str, str] = {}
    flags: set[str] = set()
    while tokens:
        token = tokens.pop(0)
        if not token.option:
            words.append(token.text)
            continue
        name, given, value = token.text.partition("=")
        name = _option(name, grammar)
        if name in grammar.flags:
            flags.add(name)
        elif given:
            options[name] = " ".join([value, *_rest(name, grammar, words, tokens, quoted=token.quoted)]).strip()
        else:
            options[name] = _value(name, grammar, words, tokens)
    return Parsed(tuple(words), options, frozenset(flags))


def first_word(text: str) -> tuple[str, str]:
    """Return the first word in small letters, and the rest of the text as it was."""
    word, _, rest = text.strip().partition(" ")
    return word.casefold(), rest.strip()


def place_and_ref(words: tuple[str, ...], environments: Mapping[str, Environment]) -> tuple[Environment | None, str]:
    """Return which of at most two words is the environment, in either order, and the other one.

    Raises:
        Refused: there are more words, or two and neither is an environment.
    """
    if len(words) > 2:
        extra = " ".join(words[2:])
        raise Refused(
            f"I do not know what {code(extra)} means there.", 'Put a reason in quotes: `--reason "…"`.', "arguments"
        )
    for at, word in enumerate(words):
        if found := known_environment(word, environments):
            return found, "".join(words[:at] + words[at + 1 :])
    if len(words) == 2:
        return environment(_unlike_a_ref(words, environments), environments), ""
    return None, "".join(words)


def environment(name: str, environments: Mapping[str, Environment]) -> Environment:
    """Return the environment of that name or alias, whatever its capitals.

    Raises:
        Refused: there is none; with the closest names.
    """
    if found := known_environment(name, environments):
        return found
    if not environments:
        raise Refused(
            "No environment is configured.", "Add `[environments.production]` to `shipmate.toml`.", "environment"
        )
    near = closest(name, _names(environments))
    hint = f"Did you mean {code(near[0])}?" if near else f"There is {_listed(environments)}."
    raise Refused(f"I know no environment {code(name)}.", hint, "environment")


def known_environment(name: str, environments: Mapping[str, Environment]) -> Environment | None:
    """Return the environment of that name or alias, or None."""
    wanted = name.casefold()
    for candidate in environments.values():
        if wanted == candidate.name.casefold() or wanted in map(str.casefold, candidate.aliases):
            return candidate
    return None


def strategy(name: str, place: Environment) -> str:
    """Return the strategy that is meant: the environment's own when none is named.

    Raises:
        Refused: there is none of that name here; with the closest names.
    """
    if not name:
        return place.strategy
    if name.casefold() in place.strategies:
        return name.casefold()
    near = closest(name, place.strategies)
    allowed = ", ".join(map(code, place.strategies))
    hint = f"Did you mean `--strategy {near[0]}`?" if near else f"It allows {allowed}."
    raise Refused(f"{place.name} does not allow a strategy {code(name)}.", hint, "strategy")


def number(word: str, what: str = "deployment") -> int:
    """Return the number of a deployment, with or without its hash sign.

    Raises:
        Refused: it is no number.
    """
    digits = word.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise Refused(f"{code(word)} is not the number of a {what}.", "Write it as `#12` or `12`.", "arguments")
    return int(digits)


def closest(word: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return what was probably meant."""
    return get_close_matches(word.casefold(), list(known), n=most, cutoff=0.55)


def _unlike_a_ref(words: tuple[str, ...], environments: Mapping[str, Environment]) -> str:
    return next((word for word in words if closest(word, _names(environments))), words[0])


def _names(environments: Mapping[str, Environment]) -> list[str]:
    return [name for place in environments.values() for name in (place.name, *place.aliases)]


def _listed(environments: Mapping[str, Environment]) -> str:
    return ", ".join(code(name) for name in environments)


def _option(name: str, grammar: Grammar) -> str:
    known = (*grammar.options, *grammar.flags)
    wanted = name.casefold().replace("_", "-")
    if wanted in known:
        return wanted
    shown = code(f"--{name}")
    if not known:
        raise Refused(f"I know no option {shown} here.", "This command takes none.", "option")
    near = closest(wanted, known)
    hint = f"Did you mean `--{near[0]}`?" if near else f"There is {', '.join(f'`--{it}`' for it in known)}."
    raise Refused(f"I know no option {shown}.", hint, "option")


def _value(name: str, grammar: Grammar, words: list[str], tokens: list[_Token]) -> str:
    if not tokens or tokens[0].option:
        raise Refused(f"`--{name}` needs a value.", f"Write `--{name} …` or `--{name}=…`.", "option")
    token = tokens.pop(0)
    return " ".join([token.text, *_rest(name, grammar, words, tokens, quoted=token.quoted)])


def _rest(name: str, grammar: Grammar, words: list[str], tokens: list[_Token], *, quoted: bool) -> list[str]:
    """Take the rest of a sentence that nobody put in quotes, if everything else has been said."""
    taken: list[str] = []
    if name == grammar.sentence and not quoted and len(words) >= grammar.words:
        while tokens and not tokens[0].option:
            taken.append(tokens.pop(0).text)
    return taken


def _tokens(text: str) -> list[_Token]:
    tidy = "".join(
        " " if char.isspace() else char
        for char in text
        if unicodedata.category(char) not in {"Cf", "Cc"} or char.isspace()
    )
    tokens: list[_Token] = []
    at = 0
    while at < len(tidy):
        if tidy[at] == " ":
            at += 1
            continue
        token, at = _token(tidy, at)
        tokens.append(token)
        if len(tokens) > _MOST_WORDS:
            raise Refused(
                "That is too long for me to understand.", "Type `/deploy help` to see what I know.", "arguments"
            )
    return tokens


def _token(text: str, at: int) -> tuple[_Token, int]:
    option, at = _dashes(text, at)
    said: list[str] = []
    quoted = False
    while at < len(text) and text[at] != " ":
        opens = text[at] in _DOUBLE or (text[at] in _SINGLE and (not said or said[-1] == "="))
        if opens:
            inside, at = _quoted(text, at)
            said.append(inside)
            quoted = True
        else:
            said.append(text[at])
            at += 1
    return _Token("".join(said), option, quoted), at


def _dashes(text: str, at: int) -> tuple[bool, int]:
    """Skip the dashes of an option: two hyphens, or the one long dash that phones make of them, before a letter."""
    end = at
    while end < len(text) and text[end] in _DASHES:
        end += 1
    run = text[at:end]
    long = any(char in "–—―" for char in run)
    is_option = (long or len(run) == 2) and end < len(text) and text[end].isalpha()
    return (True, end) if is_option else (False, at)


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Return what stands in quotes; one that is never closed reaches to the end."""
    closing = _SINGLE.get(text[at], _DOUBLE)
    end = at + 1
    while end < len(text) and text[end] not in closing:
        end += 1
    return text[at + 1 : end], min(end + 1, len(text))
