"""Only the pinned host key opens a connection."""

import asyncssh
import pytest

from deployers.errors import HostKeyRefused
from deployers.ssh import SshRemote
from tests.contracts.remote_asyncssh import small


def test_a_host_whose_key_is_not_pinned_is_refused(tmp_path):
    with small(tmp_path) as server:
        known_hosts = server.folder / "known_hosts"
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        for pinned in ("", f"[127.0.0.1]:{server.port} {other}\n", f"[127.0.0.2]:{server.port} {other}\n"):
            known_hosts.write_text(pinned, encoding="utf-8")
            remote = SshRemote(server.place(), key_file=str(server.key_file))
            try:
                with pytest.raises(HostKeyRefused, match="web1"):
                    remote.ask(server.host, "echo in")
            finally:
                remote.close()


def test_the_pinned_key_lets_in(tmp_path):
    with small(tmp_path) as server:
        remote = SshRemote(server.place(), key_file=str(server.key_file))
        try:
            assert remote.ask(server.host, "echo in").output == "in\n"
        finally:
            remote.close()
