"""Releases that come back: by themselves, by hand, and from the command line with the bot dead or frozen."""

from bot.sandbox.slack import Kind


def asked(world, version: str) -> None:
    """Have ana ask for a release and ben approve it."""
    world.slack.says("ana", f"/deploy production {version}")
    world.slack.presses("ben", "Approve", timeout=60)


def serving(world) -> list[str | None]:
    """Return what production's hosts serve."""
    return [world.host(name).serves for name in ("web1", "web2")]


def test_a_sick_release_comes_back_by_itself_loudly_and_is_never_offered_again(world):
    asked(world, "v2.4")
    world.slack.eventually_shows("alerts", "Rolled back to v2.2", timeout=90)
    loud = world.slack.eventually_shows("deployments", "failed and was rolled back")
    assert "503" in loud.words
    assert serving(world) == ["v2.2", "v2.2"]
    world.slack.says("ana", "/rollback v2.4 production")
    world.slack.eventually_tells("ana", "v2.1")
    assert serving(world) == ["v2.2", "v2.2"]


def test_a_failed_migration_switches_nothing_and_says_what_it_printed(world):
    asked(world, "v2.5")
    loud = world.slack.eventually_shows("deployments", "duplicate column", timeout=90)
    assert "migrat" in loud.words
    assert serving(world) == ["v2.2", "v2.2"]
    asked(world, "v2.3")
    world.slack.eventually_shows("deployments", "deployed `v2.3` to *production*", timeout=90)


def test_rolling_back_twice_goes_back_twice_and_then_says_that_there_is_none(world):
    asked(world, "v2.3")
    world.slack.eventually_shows("deployments", "deployed `v2.3` to *production*", timeout=90)
    for version in ("v2.2", "v2.1"):
        world.slack.says("omar", "/rollback latest production")
        dialog = world.slack.presses("omar", f"Roll back production to {version}", within="private", timeout=30)
        assert version in dialog
        world.slack.eventually(lambda v=version: serving(world) == [v, v], 60, version)
        world.slack.eventually_shows("deployments", f"production serves `{version}` again", timeout=60)
    world.slack.says("omar", "/rollback latest production")
    world.slack.eventually_tells("omar", "no earlier release that served well")
    assert serving(world) == ["v2.1", "v2.1"]


def test_an_abort_goes_back_when_it_is_asked_to_and_is_told_as_what_it_was(scene):
    number = scene.begins("v2.3")
    scene.serves("v2.3", "web1")
    scene.presses("ben", "deployment.abort_back")
    scene.serves("v2.2")
    scene.comes_to(number, "rolled_back")
    scene.shows(number, "was stopped by <@U0BEN>, and I went back", "Every target serves `v2.2` again")
    loud = scene.sees("production v2.3 was stopped and rolled back")
    told = loud.words + scene.card(number)
    assert not [word for word in ("failed", "cause", "did not go well") if word in told], told


def test_an_abort_half_way_stays_there_until_somebody_goes_back(scene):
    number = scene.begins("v2.3")
    scene.serves("v2.3", "web1")
    scene.presses("ben", "deployment.abort")
    scene.comes_to(number, "incomplete")
    scene.shows(number, "was stopped half way by <@U0BEN>", "Next: `/rollback latest production`")
    assert serving(scene.world) == ["v2.3", "v2.2"]
    scene.presses("omar", "Roll back production to v2.2")
    scene.presses("omar", "deployment.rollback", within="private")
    scene.serves("v2.2")
    scene.comes_to(number, "superseded")
    scene.sees("brought back `v2.2` on *production*")


def test_the_command_line_rolls_back_with_the_bot_dead_and_slack_away(scene):
    number = scene.begins("v2.3")
    scene.serves("v2.3", "web1")
    scene.world.bot.kill()
    scene.faults.add(Kind.REFUSE)
    code, printed = scene.shipmate("rollback", "latest", "production", "--break-glass", "the shop is down")
    assert code == 0, printed
    assert "No bot is running" in printed
    assert serving(scene.world) == ["v2.2", "v2.2"]
    scene.faults.clear()
    scene.world.bot.start()
    scene.shows(number, "was stopped by", "and I went back")
    scene.sees("broke the glass: `shipmate rollback latest production --yes` went past the roles")
    assert scene.shipmate("audit", "verify")[0] == 0


def test_the_command_line_rolls_back_with_the_bot_frozen_and_it_ends_itself_when_it_thaws(world):
    asked(world, "v2.3")
    world.slack.eventually(lambda: world.host("web1").serves == "v2.3", 60, "v2.3 on web1")
    world.bot.freeze()
    told = world.bot.ask("rollback", "latest", "production")
    assert told.returncode == 0, told.stdout + told.stderr
    assert serving(world) == ["v2.2", "v2.2"]
    world.bot.thaw()
    world.slack.eventually(lambda: not world.bot.runs, 20, "the end of the frozen bot")
    assert serving(world) == ["v2.2", "v2.2"]


def test_the_command_line_says_what_runs_and_what_was(world):
    assert "v2.2" in world.bot.ask("status", "production").stdout
    assert "v2.1" in world.bot.ask("history", "production").stdout
    checked = world.bot.ask("check", "--json")
    assert checked.returncode == 0, checked.stdout
    assert world.bot.ask("fence", "raise").returncode == 0
