"""Whatever is sent becomes a row with a key of its own, or a refusal; never anything else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import payloads
from bot.slack.payloads import BadPayload

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SLASH = {
    "command": "/deploy",
    "text": "production v2.3",
    "trigger_id": "1.2.3",
    "user_id": "U0ANA",
    "team_id": "T0SAND",
    "channel_id": "C0DEPLOY",
    "response_url": "http://127.0.0.1/r",
}
PRESSED = {
    "actions": [{"action_id": "deployment.approve", "action_ts": "5.5", "value": "7:abc"}],
    "user": {"id": "U0BEN"},
    "team": {"id": "T0SAND"},
    "channel": {"id": "C0DEPLOY"},
    "message": {"ts": "4.4"},
}
SUBMITTED = {
    "user": {"id": "U0ANA"},
    "view": {
        "id": "V1",
        "hash": "h1",
        "callback_id": "deploy",
        "private_metadata": "kept",
        "external_id": "C0DEPLOY:1.2.3",
        "state": {
            "values": {
                "ref": {"deploy.ref": {"type": "external_select", "selected_option": {"value": "v2.3"}}},
                "reason": {"reason": {"type": "plain_text_input", "value": None}},
                "ways": {"ways": {"selected_options": [{"value": "a"}, {"value": "b"}]}},
            }
        },
    },
}

MESSAGE = {
    "event_id": "Ev1",
    "team_id": "T0SAND",
    "event": {
        "type": "app_mention",
        "user": "U0ANA",
        "text": "<@U0SHIP> status, please",
        "channel": "C0DEPLOY",
        "ts": "6.6",
    },
}
OPENED = {"event_id": "Ev2", "event": {"type": "app_home_opened", "user": "U0ANA", "channel": "D1", "tab": "home"}}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_a_slash_command_is_known_by_its_trigger():
    row = payloads.slash(SLASH, at=AT)
    assert (row.key, row.name, row.text, row.person) == ("slash:1.2.3", "deploy", "production v2.3", "U0ANA")


def test_a_ticked_box_says_which_box_it_is_also_when_nothing_is_ticked_any_more():
    box = {"type": "checkboxes", "action_id": "checklist.tick", "action_ts": "5.5", "block_id": "point:1:2:3"}
    ticked = {**PRESSED, "actions": [{**box, "selected_options": [{"value": "done"}]}]}
    cleared = {**PRESSED, "actions": [{**box, "selected_options": []}]}
    assert payloads.pressed(ticked, at=AT).values["fields"] == {"point:1:2:3": "done"}
    assert payloads.pressed(cleared, at=AT).values["fields"] == {"point:1:2:3": ""}


def test_a_pressed_button_is_known_by_when_and_where_and_by_whom_it_was_pressed():
    row = payloads.pressed(PRESSED, at=AT)
    assert row.key == "action:5.5:4.4:deployment.approve:U0BEN"
    assert row.values == {"value": "7:abc"}
    assert row.channel == "C0DEPLOY"


def test_a_submitted_form_is_known_by_its_view_and_remembers_where_it_was_opened():
    row = payloads.submitted(SUBMITTED, at=AT)
    assert (row.key, row.channel) == ("submission:V1:h1", "C0DEPLOY")
    assert row.values == {"fields": {"ref": "v2.3", "reason": "", "ways": "a,b"}, "private_metadata": "kept"}


def test_a_message_is_known_by_its_event_and_may_run_as_soon_as_it_is_written():
    row = payloads.happened(MESSAGE, at=AT)
    assert (row.key, row.kind, row.name, row.state) == ("event:Ev1", "message", "message", "eligible")
    assert (row.text, row.person, row.channel) == ("status, please", "U0ANA", "C0DEPLOY")


def test_an_opened_home_belongs_to_no_channel():
    row = payloads.happened(OPENED, at=AT)
    assert (row.key, row.kind, row.name, row.person, row.channel) == (
        "event:Ev2",
        "opened",
        "app_home_opened",
        "U0ANA",
        "",
    )


@pytest.mark.parametrize(
    "more", [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"edited": {"ts": "7.7"}}, {"subtype": "channel_join"}]
)
def test_what_no_person_has_just_written_asks_nothing(more):
    assert payloads.happened({**MESSAGE, "event": {**MESSAGE["event"], **more}}, at=AT) is None


def test_another_tab_than_home_asks_nothing():
    assert payloads.happened({**OPENED, "event": {**OPENED["event"], "tab": "messages"}}, at=AT) is None


@given(
    st.dictionaries(st.sampled_from([*MESSAGE["event"], "tab", "bot_id", "subtype"]), JSON, max_size=5),
    st.dictionaries(st.sampled_from(["event", "event_id", "team_id"]), JSON, max_size=3),
)
def test_an_event_of_any_shape_is_read_or_ignored_or_refused(within, around):
    for base in (MESSAGE, OPENED):
        try:
            row = payloads.happened({**base, "event": {**base["event"], **within}, **around}, at=AT)
        except BadPayload:
            continue
        assert row is None or (row.key and row.person and "\0" not in row.text)


@pytest.mark.parametrize("read", [payloads.slash, payloads.pressed, payloads.submitted])
@pytest.mark.parametrize("base", [SLASH, PRESSED, SUBMITTED])
@given(st.dictionaries(st.sampled_from([*SLASH, *PRESSED, "view", "actions"]), JSON, max_size=6))
def test_a_payload_of_any_shape_is_read_or_refused(read, base, odd):
    try:
        row = read(base | odd, at=AT)
    except BadPayload:
        return
    assert row.key
    assert row.person
    assert len(row.text) <= payloads.LONGEST_TEXT


@pytest.mark.parametrize("external", ["", ":", "Cx y:1", "U0ANA:1", "x" * 300])
def test_an_external_id_of_somebody_elses_names_no_channel(external):
    assert payloads.opened_from(external) == ""
