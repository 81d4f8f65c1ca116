"""The way that everybody takes: ask, approve, watch."""


def test_a_deployment_goes_from_request_over_progress_to_deployed_and_no_visitor_is_turned_away(scene):
    number = scene.asks("v2.3")
    asked = scene.shows(number, "v2.3", "<@U0ANA>")
    assert "Approve" in asked
    scene.presses("ben", "Approve")
    scene.shows(number, "deployed `v2.3` to *production*", "Approved by <@U0BEN>")
    card = scene.cards(number)[0]
    assert any("▰" in words for words in card.revisions)
    scene.serves("v2.3")
    seen = scene.visitors()
    assert (seen.failed, seen.ok > 0) == (0, True)


def test_what_runs_there_is_not_deployed_again(scene):
    scene.says("ana", "/deploy production v2.2")
    scene.is_told("ana", "already runs", "v2.2", "/rollback latest production")
    assert scene.newest() == 3


def test_asking_twice_joins_the_open_request(scene):
    number = scene.asks("v2.3")
    scene.says("omar", "/deploy production v2.3")
    scene.is_told("omar", f"#{number}", "waits for approval already", "You have joined it")
    assert scene.newest() == number


def test_the_bare_command_opens_a_form_with_suggestions(scene):
    slack = scene.world.slack
    scene.says("ana", "/deploy")
    scene.until("the form", lambda: slack.modal("ana"))
    offered = slack.suggestions("ana", "deploy.ref", "v2.")
    assert any("v2.3" in it for it in offered)
    faults = slack.submits("ana", {"environment": "production", "ref": "v2.3", "reason": "because"})
    assert faults == {}
    scene.is_told("ana", "v2.3", "needs 1 approval")
