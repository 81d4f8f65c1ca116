"""A bare Bolt app that acknowledges `/deploy` and does nothing else: what Slack's own framework costs."""

import asyncio
import os

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def main() -> None:
    """Listen until killed."""
    client = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client)

    @app.command("/deploy")
    async def deploy(ack: AsyncAck) -> None:
        await ack()

    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=client).start_async()


if __name__ == "__main__":
    asyncio.run(main())
