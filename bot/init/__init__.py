"""The shipmate.toml that `shipmate init` writes: commented, and ready to be filled in."""

from importlib.resources import files


def starter() -> str:
    """Return a first configuration: two environments, the roles, and what each line is for."""
    return files("bot.init").joinpath("starter.toml").read_text(encoding="utf-8")
