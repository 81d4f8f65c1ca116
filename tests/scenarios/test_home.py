"""The App Home: who opens it sees what runs, what waits for them, and what they may do."""

from bot.sandbox.slack import words


def home(scene, person: str) -> str:
    """Return what somebody's App Home says; empty while nothing was published."""
    view = scene.world.slack.home(person)
    return words.of(view.content["blocks"]) if view else ""


def opens_home(scene, person: str, *texts: str) -> str:
    """Have somebody open the App Home, and demand that it comes to say all these texts."""
    scene.world.slack.opens_home(person)
    return shows(scene, person, *texts)


def shows(scene, person: str, *texts: str) -> str:
    scene.until(f"{texts} on {person}'s home", lambda: all(text in home(scene, person) for text in texts))
    return home(scene, person)


def test_who_opens_it_sees_what_runs_where(scene):
    told = opens_home(scene, "ana", "production", "staging", "v2.2", "Recent deployments")
    assert "Deploy…" in told


def test_who_writes_to_it_instead_of_typing_a_command_is_told_what_to_type(scene):
    scene.world.slack.says("ana", "hello?", channel="dm")
    scene.is_told("ana", "/deploy help")
