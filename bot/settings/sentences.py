"""What pydantic found, as sentences that say what to write instead."""

import json
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.settings.lines import Path
from bot.settings.rules import Broken, closest
from bot.settings.schema import File
from bot.settings.words import shown

_SECRET = ("token", "secret", "password", "key", "webhook")
_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list in square brackets",
    "dict_type": "a table",
    "model_type": "a table",
}


def sentence(error: ErrorDetails) -> Broken:
    """Return one of pydantic's findings as what is wrong and what to write instead."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    said = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Broken(path, f"`{path[-1]}` is missing", _example(path))
        case "extra_forbidden":
            return _unknown(path)
        case "value_error":
            wrong, _, instead = str(said["error"]).partition(". Write ")
            return Broken(path, wrong, f"Write {instead}" if instead else "")
        case "literal_error":
            return Broken(
                path, f"{shown(error['input'])} is not known here", f"Write {said['expected']}".replace("'", "`")
            )
        case kind if kind in _KINDS:
            return Broken(path, f"`{_name(path)}` must be {_KINDS[kind]}, not {shown(error['input'])}", _example(path))
        case _:
            return Broken(path, _limits(path, error, said), _example(path))


def _limits(path: Path, error: ErrorDetails, said: Mapping[str, Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for key, text in words.items():
        if key in said:
            return f"`{_name(path)}` must be {text} {said[key]:g}, not {shown(error['input'])}"
    if error["type"] in {"too_short", "string_too_short"}:
        return f"`{_name(path)}` must not be empty"
    if error["type"] == "string_too_long":
        return f"`{_name(path)}` must have at most {said['max_length']} characters"
    return f"`{_name(path)}` cannot be {shown(error['input'])}"


def _unknown(path: Path) -> Broken:
    key = str(path[-1])
    if any(word in key.lower() for word in _SECRET):
        return Broken(
            path,
            f"unknown key `{key}`",
            "Secrets live in environment variables or in files named by `*_FILE`, never here",
        )
    return Broken(path, f"unknown key `{key}`", closest(key, _keys(path[:-1])))


def _name(path: Path) -> str:
    return str(next(part for part in reversed(path) if isinstance(part, str)))


def _keys(path: Path) -> list[str]:
    model = _model(path)
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _example(path: Path) -> str:
    info = _field(path)
    if info is None or not info.examples:
        return ""
    example = info.examples[0]
    if isinstance(example, list) and isinstance(example[0], dict):
        pairs = ", ".join(f"{key} = {json.dumps(value)}" for key, value in example[0].items())
        return f"Write `{path[-1]} = [{{ {pairs} }}]`"
    return f"Write for example `{path[-1]} = {json.dumps(example, ensure_ascii=False)}`"


def _field(path: Path) -> FieldInfo | None:
    model = _model(path[:-1])
    fields = model.model_fields.items() if model else ()
    return next((info for name, info in fields if path[-1] == (info.alias or name)), None)


def _model(path: Path) -> type[BaseModel] | None:
    """Return the table at a path of the file, walking lists and tables by name on the way."""
    kind: Any = File
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            info = next((info for name, info in kind.model_fields.items() if part == (info.alias or name)), None)
            kind = _plain(info.annotation) if info else None
        else:
            kind = _plain(get_args(kind)[-1]) if get_args(kind) else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _plain(kind: Any) -> Any:
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return next((_plain(each) for each in get_args(kind) if each is not type(None)), None)
    return kind
