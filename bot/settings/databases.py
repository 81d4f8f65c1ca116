"""Where an SQLite database may lie: a restore swaps it in beside the release, so no release may hold it itself."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from bot.settings.rules import Broken, dig

_NO_TABLE: dict[str, Any] = {}
_NO_LIST: list[Any] = []
_SHARED = PurePosixPath("../../shared")


def broken(raw: Mapping[str, Any], built_in: Mapping[str, Mapping[str, Any]]) -> Iterator[Broken]:
    """Yield the SQLite files that another release would not have; a path is read within the release that serves."""
    for name, table in dig(raw, "environments", default=_NO_TABLE).items():
        live = dig(table, "backup", "live", default="")
        if dig(table, "backup", "engine", default="") != "sqlite" or not live:
            continue
        chosen = dig(table, "recipe", default="") or dig(raw, "app", "recipe", default="web")
        recipe = {**built_in.get(chosen, {}), **dig(raw, "recipes", chosen, default=_NO_TABLE)}
        folders = [folder for entry in dig(recipe, "shared", default=_NO_LIST) if (folder := _folder(entry))]
        if not _outlives_releases(PurePosixPath(live), folders):
            example = f"{folders[0]}/{PurePosixPath(live).name}" if folders else f"/srv/data/{PurePosixPath(live).name}"
            yield Broken(
                ("environments", name, "backup", "live"),
                f"`{live}` lies in the release itself, and what a restore puts there is gone with the next release",
                f"Write its whole path, or one below a folder that the recipe `{chosen}` shares, such as `{example}`",
            )


def _folder(entry: Any) -> str:
    """Return where a release finds something that it shares."""
    return entry if isinstance(entry, str) else dig(entry, "to", default="")


def _outlives_releases(live: PurePosixPath, folders: list[str]) -> bool:
    if live.is_absolute() or _SHARED in live.parents:
        return True
    return ".." not in live.parts and any(PurePosixPath(folder) in live.parents for folder in folders)
