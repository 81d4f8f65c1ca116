"""The stand-in for Slack carries what people do to an unmodified Bolt app, and what it answers back to them."""

import logging

import pytest

from bot.sandbox.slack import Driver, Patience, SlackServer, SlackThread, Workspace
from tests.contracts.sandbox_slack_app import BoltApp

IMPATIENT = Patience(ack_seconds=0.6, retry_after=(0.0, 0.05))


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, logger="slack_bolt")


@pytest.fixture(params=["sockets", "http"])
def mode(request):
    return request.param


@pytest.fixture
def slack():
    with SlackThread(SlackServer(Workspace())) as thread:
        yield thread


@pytest.fixture
def impatient():
    with SlackThread(SlackServer(Workspace(), patience=IMPATIENT)) as thread:
        yield thread


@pytest.fixture
def app(slack, mode):
    with BoltApp(slack.server, http=mode == "http") as bolt:
        yield bolt


@pytest.fixture
def driver(slack, app) -> Driver:
    return slack.driver


def test_a_slash_command_reaches_the_app_and_its_card_the_channel(driver, app):
    driver.says("ana", "/deploy production v2.3", channel="deployments")
    card = driver.eventually_shows("#deployments", "*production* ← `v2.3`")
    assert card.user == "U0SHIP"
    body = app.bodies("/deploy")[0]
    assert (body["user_id"], body["channel_id"], body["text"]) == ("U0ANA", "C0DEPLOY", "production v2.3")


def test_an_answer_inside_the_ack_is_seen_only_by_the_one_who_asked(driver):
    driver.says("ana", "/echo hello")
    driver.eventually_tells("ana", "You said hello")
    assert driver.messages("deployments") == []
    assert driver.private("ben") == []


def test_an_answer_to_the_response_url_is_private(driver):
    driver.says("ana", "/deploy help")
    driver.eventually_tells("ana", "Only you see this.")
    assert driver.private("ben") == []


def test_a_pressed_button_carries_its_value_and_the_message_changes(driver, app):
    driver.says("ana", "/deploy production v2.3")
    card = driver.eventually_shows("#deployments", "v2.3")
    driver.presses("ben", "Approve")
    driver.eventually_shows("#deployments", "Approved by <@U0BEN>")
    body = app.bodies("approve")[0]
    assert body["actions"][0]["value"] == "1:abc"
    assert body["actions"][0]["block_id"] == "answer"
    assert body["message"]["ts"] == body["container"]["message_ts"] == card.ts
    assert [revision.split("\n")[0] for revision in card.revisions] == ["*production* ← `v2.3`", "Approved by <@U0BEN>"]


def test_a_dialog_that_is_declined_presses_nothing(driver, app):
    driver.says("ana", "/deploy production v2.3")
    assert "v2.3 goes away." in driver.presses("ben", "Roll back to v2.2", confirm=False)
    driver.presses("ben", "Roll back to v2.2", confirm=True)
    driver.eventually(lambda: "rollback" in app.names())
    assert app.names().count("rollback") == 1


def test_a_modal_is_opened_filled_in_corrected_and_sent(driver, app):
    driver.says("ana", "/deploy")
    driver.eventually(lambda: driver.modal("ana"))
    assert driver.suggestions("ana", "deploy.ref", "2.") == ["v2.1", "v2.2", "v2.3"]
    given = {"Revision": "v2.3", "environment": "Production"}
    assert driver.submits("ana", given) == {"environment": "Production is frozen."}
    assert driver.modal("ana").errors == {"environment": "Production is frozen."}
    assert driver.submits("ana", {"environment": "staging", "reason": "because"}) == {}
    assert driver.modal("ana") is None
    view = app.bodies("submitted")[1]["view"]
    assert view["private_metadata"] == "kept"
    assert view["state"]["values"]["ref"]["deploy.ref"]["selected_option"]["value"] == "v2.3"
    assert view["state"]["values"]["reason"]["reason"] == {"type": "plain_text_input", "value": "because"}


def test_a_required_field_left_empty_never_reaches_the_app(driver, app):
    driver.says("ana", "/deploy")
    assert set(driver.submits("ana")) == {"ref", "environment"}
    assert app.bodies("submitted") == []


def test_an_opened_home_is_published_to(driver):
    driver.opens_home("ana")
    home = driver.eventually(lambda: driver.home("ana"))
    assert home.content["blocks"][0]["text"]["text"] == "Good morning"


def test_a_mention_reaches_the_app_as_an_event(driver, app):
    driver.says("ana", "@shipmate are you there?")
    driver.eventually_shows("#deployments", "Aye.")
    assert app.bodies("mention")[0]["event"]["text"] == "<@U0SHIP> are you there?"


def test_an_unacknowledged_command_fails_before_its_author(impatient, mode):
    with BoltApp(impatient.server, http=mode == "http") as bolt:
        bolt.stalls.set()
        impatient.driver.says("ana", "/deploy production v2.3")
        told = impatient.driver.private("ana")[-1]
        assert told.words == "`/deploy` failed with the error “operation_timeout”"
        assert told.user == "USLACKBOT"


def test_a_command_with_nobody_connected_fails_at_once(slack):
    slack.driver.says("ana", "/deploy production v2.3")
    assert slack.driver.private("ana")[-1].words == "`/deploy` failed with the error “dispatch_failed”"


def test_a_button_that_nobody_answers_says_so(impatient):
    blocks = [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}]
    impatient.server.workspace.post("C0DEPLOY", "U0SHIP", "", blocks)
    impatient.driver.presses("ana", "Go")
    assert "dispatch_failed" in impatient.driver.notices("ana")[0]


def test_several_connections_share_the_work(slack):
    with BoltApp(slack.server, sockets=3) as bolt:
        assert len(slack.server.sockets.connections) == 3
        for number in range(6):
            slack.driver.says("ana", f"/deploy production v{number}")
        slack.driver.eventually(lambda: len(slack.driver.messages()) == 6)
        assert len(bolt.bodies("/deploy")) == 6


def test_a_routine_disconnect_brings_the_app_back_on_a_new_socket(slack):
    with BoltApp(slack.server):
        slack.call(slack.server.sockets.refresh())
        slack.driver.eventually(lambda: slack.server.sockets.served == 2)
        slack.driver.eventually(lambda: len(slack.server.sockets.connections) == 1)
        slack.driver.says("ana", "/deploy production v2.3")
        slack.driver.eventually_shows("#deployments", "v2.3")


def test_a_cut_connection_is_taken_up_again(slack):
    with BoltApp(slack.server):
        slack.call(_cut(slack.server))
        slack.driver.eventually(lambda: slack.server.sockets.served == 2)
        slack.driver.says("ana", "/deploy production v2.3")
        slack.driver.eventually_shows("#deployments", "v2.3")


def test_a_half_open_connection_is_noticed_by_its_silence(slack):
    with BoltApp(slack.server):
        slack.call(_half_open(slack.server))
        slack.driver.eventually(lambda: slack.server.sockets.served == 2)
        slack.driver.eventually(lambda: len(slack.server.sockets.connections) == 1)
        slack.driver.says("ana", "/deploy production v2.3")
        slack.driver.eventually_shows("#deployments", "v2.3")


def test_the_request_url_answers_the_challenge(slack):
    with BoltApp(slack.server, http=True):
        assert slack.call(slack.server.verify_request_url())


def test_a_forged_signature_is_refused_by_the_app(slack):
    with BoltApp(slack.server, http=True) as bolt:
        object.__setattr__(slack.server.tokens, "signing_secret", "another")
        slack.driver.says("ana", "/deploy production v2.3")
        assert slack.driver.private("ana")[-1].words == "`/deploy` failed with the error “dispatch_failed”"
        assert bolt.seen == []


async def _cut(server):
    server.sockets.cut()


async def _half_open(server):
    server.sockets.half_open()
