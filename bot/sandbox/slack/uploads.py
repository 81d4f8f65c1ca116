"""Bring files into a channel: files.getUploadURLExternal, the upload itself, files.completeUploadExternal."""

from bot.sandbox.slack.call import Call, Method
from bot.sandbox.slack.entities import BOT_USER, File, Json, SlackError


def begin(call: Call) -> Json:
    """Return where to upload a file of a known length."""
    name, length = call.text("filename"), call.number("length", 0)
    if not name or length <= 0:
        raise SlackError("invalid_arguments")
    file = File(f"F{call.workspace.number():07d}", name, length)
    call.workspace.files[file.id] = file
    return {"upload_url": f"{call.base}/upload/{file.id}", "file_id": file.id}


def complete(call: Call) -> Json:
    """Share uploaded files in a channel or thread."""
    asked = call.structure("files")
    if not isinstance(asked, list) or not asked:
        raise SlackError("invalid_arguments")
    files = [_uploaded(call, one) for one in asked]
    if call.text("channel_id") or call.text("channels"):
        _share(call, files)
    return {"files": [file.as_slack(call.base) for file in files]}


def _uploaded(call: Call, asked: Json) -> File:
    file = call.workspace.files.get(str(asked.get("id")))
    if file is None or not file.uploaded or file.shared:
        raise SlackError("file_not_found")
    file.title = str(asked.get("title") or file.name)
    return file


def _share(call: Call, files: list[File]) -> None:
    channel = call.joined("channel_id" if call.text("channel_id") else "channels")
    thread = call.text("thread_ts")
    if thread and call.workspace.message(channel.id, thread) is None:
        raise SlackError("invalid_thread_ts")
    for file in files:
        file.shared = True
    call.workspace.post(
        channel.id,
        BOT_USER,
        call.text("initial_comment"),
        call.structure("blocks"),
        thread_ts=thread,
        files=[file.id for file in files],
    )


METHODS = {
    "files.getUploadURLExternal": Method(begin, ("files:write",)),
    "files.completeUploadExternal": Method(complete, ("files:write",)),
}
