"""What `shipmate init` writes: a commented shipmate.toml, and the workflows of a team that deploys through GitHub."""

from importlib.resources import files


def starter() -> str:
    """Return a first configuration: two environments, the roles, and what each line is for."""
    return files("bot.init").joinpath("starter.toml").read_text(encoding="utf-8")
