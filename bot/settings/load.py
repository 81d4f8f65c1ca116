"""Read the configuration."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.settings import balancer, build, canary, checklists, databases, lines, rules, scheduled
from bot.settings.faults import Fault, SettingsFaults
from bot.settings.rules import Broken
from bot.settings.schema import File
from bot.settings.sentences import sentence
from bot.settings.values import App, Channels, Outside, Schedule, Secret, Settings
from bot.settings.variables import outside
from deployers import recipes

START = "Run `shipmate init` to write one that you can fill in"


def load(env: Mapping[str, str], path: Path | None = None) -> Settings:
    """Return the settings; the file is the one that `SHIPMATE_CONFIG` names unless another is given.

    Raises:
        SettingsFaults: something is wrong; it holds every fault.
    """
    path = (path or Path(env.get("SHIPMATE_CONFIG") or "shipmate.toml")).expanduser()
    reached, faults = outside(env)
    text, found = _text(path)
    raw, wrong = _parsed(path, text) if not found else ({}, found)
    file = None
    if not wrong:
        file, wrong = _file(path, text, raw)
    if faults or wrong or file is None:
        raise SettingsFaults((*wrong, *faults))
    return _settings(path, file, reached, env)


def _text(path: Path) -> tuple[str, list[Fault]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "", [Fault(str(path), "there is no such file", START)]
    except UnicodeDecodeError:
        return "", [Fault(str(path), "it is not UTF-8 text", "Save it as UTF-8")]
    except OSError as error:
        return "", [Fault(str(path), f"it cannot be read: {error.strerror}", "Give this user the right to read it")]
    if not text.strip():
        return "", [Fault(str(path), "the file is empty", START)]
    return text, []


def _parsed(path: Path, text: str) -> tuple[dict[str, Any], list[Fault]]:
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        line = re.search(r"at line (\d+)", said)
        number = int(line.group(1)) if line else text.count("\n") + 1
        why = re.sub(r" \(at .*\)$", "", said)
        instead = "Close the string, bracket or table, and put text in quotes"
        return {}, [Fault(f"{path.name}:{number}", f"this is not TOML: {why[:1].lower()}{why[1:]}", instead)]


def _file(path: Path, text: str, raw: dict[str, Any]) -> tuple[File | None, list[Fault]]:
    """Return the file as its shape, or every fault in the order of the lines."""
    known, file = recipes.built_in(), None
    broken = [
        *rules.broken(raw, known),
        *balancer.broken(raw, known),
        *canary.broken(raw, known),
        *databases.broken(raw, known),
        *checklists.broken(raw),
    ]
    try:
        file = File.model_validate(raw)
    except ValidationError as error:
        broken += [sentence(each) for each in error.errors(include_url=False)]
    found = lines.places(text)
    return file, _placed(path, found, broken)


def _placed(path: Path, found: dict[lines.Path, int], broken: Iterable[Broken]) -> list[Fault]:
    numbered = sorted({(lines.line_of(found, each.path), each.wrong, each.instead) for each in broken})
    return [Fault(f"{path.name}:{line}", wrong, instead) for line, wrong, instead in numbered]


def _settings(path: Path, file: File, reached: Outside, env: Mapping[str, str]) -> Settings:
    environments = build.environments(file, path.absolute().parent)
    headers = (text for each in environments.values() if each.health for text in each.health.headers.values())
    names = {text.removeprefix("env:") for text in headers if text.startswith("env:")}
    return Settings(
        path=path.absolute(),
        app=App(**dict(file.app)),
        environments=environments,
        channels=Channels(**dict(file.slack.channels)),
        roles={role: tuple(members) for role, members in file.roles.items()},
        operators=dict(file.operators),
        schedules=tuple(_schedule(each, dict(file.slack.channels)) for each in file.schedules),
        checklists=checklists.checklists(file),
        outside=reached,
        headers={name: Secret(env[name]) for name in sorted(names) if env.get(name)},
    )


def _schedule(table: scheduled.Schedule, channels: Mapping[str, str]) -> Schedule:
    """Return a schedule whose channel is the one that is really called so: `deployments` may be `ship-it` here."""
    return Schedule(**{**dict(table), "channel": channels.get(table.channel, table.channel)})
