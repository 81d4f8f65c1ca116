"""A small real Bolt app in a thread of its own, to hold the stand-in for Slack to what Bolt expects."""

import asyncio
from threading import Event, Thread
from typing import Any, Self

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackServer


def button(text: str, action: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "action_id": action, **more}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


CONFIRM = {
    "title": {"type": "plain_text", "text": "Roll back?"},
    "text": {"type": "plain_text", "text": "v2.3 goes away."},
    "confirm": {"type": "plain_text", "text": "Roll back"},
    "deny": {"type": "plain_text", "text": "Keep"},
}
CARD = [
    section("*production* ← `v2.3`"),
    {
        "type": "actions",
        "block_id": "answer",
        "elements": [
            button("Approve", "deployment.approve", value="1:abc", style="primary"),
            button("Roll back to v2.2", "deployment.rollback", value="1:abc", confirm=CONFIRM),
        ],
    },
]
MODAL = {
    "type": "modal",
    "callback_id": "deploy",
    "title": {"type": "plain_text", "text": "Deploy"},
    "submit": {"type": "plain_text", "text": "Deploy"},
    "private_metadata": "kept",
    "blocks": [
        {
            "type": "input",
            "block_id": "ref",
            "label": {"type": "plain_text", "text": "Revision"},
            "element": {"type": "external_select", "action_id": "deploy.ref", "min_query_length": 0},
        },
        {
            "type": "input",
            "block_id": "environment",
            "label": {"type": "plain_text", "text": "Environment"},
            "element": {
                "type": "static_select",
                "action_id": "environment",
                "options": [
                    {"text": {"type": "plain_text", "text": name.title()}, "value": name}
                    for name in ("staging", "production")
                ],
            },
        },
        {
            "type": "input",
            "block_id": "reason",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        },
    ],
}


class BoltApp:
    """Run the app while the context lasts; `seen` is what reached it."""

    def __init__(self, server: SlackServer, *, http: bool = False, sockets: int = 1) -> None:
        self.server = server
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.stalls = Event()
        """While set, commands are acknowledged too late."""
        self._http = http
        self._sockets = sockets
        self._ready = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._main()), name="bolt", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def names(self) -> list[str]:
        return [name for name, _ in self.seen]

    def bodies(self, name: str) -> list[dict[str, Any]]:
        return [body for each, body in self.seen if each == name]

    async def _main(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        client = AsyncWebClient(token=self.server.tokens.bot, base_url=self.server.api_url)
        app = AsyncApp(client=client, signing_secret=self.server.tokens.signing_secret)
        self._listen(app)
        await (self._serve_http(app) if self._http else self._serve_sockets(app))

    async def _serve_sockets(self, app: AsyncApp) -> None:
        handlers = [
            AsyncSocketModeHandler(app, self.server.tokens.app, ping_interval=0.5) for _ in range(self._sockets)
        ]
        for handler in handlers:
            await handler.connect_async()
        self._ready.set()
        await self._ending.wait()
        for handler in handlers:
            await handler.close_async()

    async def _serve_http(self, app: AsyncApp) -> None:
        runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.server.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        self._ready.set()
        await self._ending.wait()
        await runner.cleanup()

    def _listen(self, app: AsyncApp) -> None:
        app.command("/deploy")(self._deploy)
        app.command("/echo")(_echo)
        app.action("deployment.approve")(self._approve)
        app.action("deployment.rollback")(self._rollback)
        app.view("deploy")(self._submitted)
        app.options("deploy.ref")(_refs)
        app.event("app_home_opened")(self._home)
        app.event("app_mention")(self._mention)

    async def _deploy(self, ack: Any, body: Any, client: Any, respond: Any) -> None:
        self.seen.append(("/deploy", body))
        if self.stalls.is_set():
            await asyncio.sleep(2)
        await ack()
        if body["text"] == "":
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        elif body["text"] == "help":
            await respond("Only you see this.")
        else:
            await client.chat_postMessage(channel="C0DEPLOY", text=body["text"], blocks=CARD)

    async def _approve(self, ack: Any, body: Any, client: Any) -> None:
        await ack()
        self.seen.append(("approve", body))
        where, text = body["container"], f"Approved by <@{body['user']['id']}>"
        await client.chat_update(channel=where["channel_id"], ts=where["message_ts"], text=text, blocks=[section(text)])

    async def _rollback(self, ack: Any, body: Any) -> None:
        await ack()
        self.seen.append(("rollback", body))

    async def _submitted(self, ack: Any, body: Any, view: Any) -> None:
        self.seen.append(("submitted", body))
        chosen = view["state"]["values"]["environment"]["environment"]["selected_option"]["value"]
        if chosen == "production":
            await ack(response_action="errors", errors={"environment": "Production is frozen."})
        else:
            await ack()

    async def _home(self, event: Any, client: Any) -> None:
        self.seen.append(("home", event))
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Good morning")]})

    async def _mention(self, body: Any, say: Any) -> None:
        self.seen.append(("mention", body))
        await say("Aye.")


async def _echo(ack: Any, body: Any) -> None:
    await ack(text=f"You said {body['text']}")


async def _refs(ack: Any, body: Any) -> None:
    found = [name for name in ("v2.1", "v2.2", "v2.3") if body["value"] in name]
    await ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in found])
