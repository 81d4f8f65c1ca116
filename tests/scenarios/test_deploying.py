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
