"""The sandbox's pager and mailbox take what PagerDuty and a mail server would take."""

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest

from bot.sandbox.inboxes import Inboxes

EVENT = {
    "routing_key": "k" * 32,
    "event_action": "trigger",
    "payload": {"summary": "production v2.4 failed", "source": "shipmate", "severity": "critical"},
}


@pytest.fixture
def inboxes():
    with Inboxes() as running:
        yield running


@pytest.fixture
def client(inboxes):
    with httpx.Client(base_url=inboxes.pager.url, trust_env=False, timeout=10) as each:
        yield each


def send(client, event=EVENT):
    return client.post("/v2/enqueue", json=event)


def mail(inboxes, subject="Rolled back", text="v2.4 went back.\n.\n..two dots\n"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shipmate@sandbox", "ana@sandbox", subject
    message.set_content(text)
    where = urlsplit(inboxes.mailbox.url)
    with smtplib.SMTP(where.hostname, where.port, timeout=10) as server:
        server.send_message(message)


def test_an_event_is_accepted_and_kept(inboxes, client):
    answer = send(client)
    assert (answer.status_code, answer.json()["status"]) == (202, "success")
    (page,) = inboxes.pages
    assert (page.summary, page.severity, page.dedup_key) == (
        "production v2.4 failed",
        "critical",
        answer.json()["dedup_key"],
    )


def test_a_given_key_is_kept_and_resolves_the_event(inboxes, client):
    send(client, EVENT | {"dedup_key": "d42"})
    send(client, {"routing_key": "k" * 32, "event_action": "resolve", "dedup_key": "d42"})
    assert [(page.action, page.dedup_key) for page in inboxes.pages] == [("trigger", "d42"), ("resolve", "d42")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routing_key": "short"}, "routing_key"),
        ({"event_action": "shout"}, "event_action"),
        ({"payload": None}, "payload"),
        ({"payload": {**EVENT["payload"], "severity": "bad"}}, "severity"),
        ({"payload": {**EVENT["payload"], "summary": ""}}, "summary"),
    ],
)
def test_an_invalid_event_is_refused_with_what_is_wrong(inboxes, client, change, said):
    answer = send(client, EVENT | change)
    assert answer.status_code == 400
    assert any(said in error for error in answer.json()["errors"])
    assert inboxes.pages == []


def test_the_pager_fails_as_often_as_it_is_told(inboxes, client):
    inboxes.pager.fails(1, status=429)
    inboxes.pager.fails(1)
    assert [send(client).status_code for _ in range(3)] == [429, 500, 202]


def test_a_lost_reply_leaves_the_page_accepted(inboxes, client):
    inboxes.pager.loses_replies()
    with pytest.raises(httpx.RemoteProtocolError):
        send(client)
    assert len(inboxes.pages) == 1


def test_a_pager_that_hangs_answers_when_it_is_well_again(inboxes, client):
    inboxes.pager.hangs()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v2/enqueue", json=EVENT, timeout=0.2)
    inboxes.pager.hangs(False)
    assert send(client).status_code == 202


def test_a_mail_is_kept_as_it_was_written(inboxes):
    mail(inboxes)
    (kept,) = inboxes.mails
    assert (kept.sender, kept.recipients, kept.subject) == ("shipmate@sandbox", ("ana@sandbox",), "Rolled back")
    assert kept.text == "v2.4 went back.\n.\n..two dots\n"


def test_a_refused_mail_is_not_kept(inboxes):
    inboxes.mailbox.refuses()
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        mail(inboxes)
    mail(inboxes, subject="Again")
    assert [each.subject for each in inboxes.mails] == ["Again"]


def test_a_mail_out_of_order_and_an_unknown_command_are_refused(inboxes):
    where = urlsplit(inboxes.mailbox.url)
    with smtplib.SMTP(where.hostname, where.port, timeout=10) as server:
        assert server.docmd("RCPT", "TO:<a@b>")[0] == 503
        assert server.docmd("DANCE")[0] == 502
        assert server.noop()[0] == 250
