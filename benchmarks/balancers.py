"""Real balancers on the loopback, as the current user, each below a folder of its own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kit import until
from deployers.environment import Balancer

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
_NGINX = """\
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    log_format shipmate '$upstream_addr\t$upstream_status\t$upstream_response_time';
    access_log {log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    include {folder}/shipmate/*.conf;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            add_header X-Upstream $upstream_addr always;
        }}
    }}
}}
"""
_HAPROXY = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
    {state}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    {load}
frontend web
    bind 127.0.0.1:{port}
    default_backend app
backend app
    option redispatch
{servers}
"""


def missing(kind: str) -> str:
    """Return why a balancer cannot run here, with what to install; nothing when it can."""
    program = NGINX if kind == "nginx" else HAPROXY
    if not Path(program).exists():
        return f"{kind} is missing: apt install {kind}"
    if kind == "haproxy" and not (shutil.which("socat") or shutil.which("nc")):
        return "socat is missing: apt install socat"
    return ""


@dataclass(frozen=True, slots=True)
class Running:
    """One balancer that runs, and how Shipmate is told of it."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"
    balancer: Balancer

    @property
    def url(self) -> str:
        """Return where visitors come."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def nginx(folder: Path, port: int, servers: Sequence[str], log: str = "off") -> Iterator[Running]:
    """Run nginx before these `address:port`, until the block ends."""
    include = folder / "shipmate" / "app.conf"
    include.parent.mkdir(parents=True)
    lines = "".join(f"    server {server};\n" for server in servers)
    include.write_text(f"upstream app {{\n{lines}}}\n", encoding="utf-8")
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, log=log), encoding="utf-8")
    told = f"{NGINX} -p {folder} -c {config} -e {folder}/error.log"
    balancer = Balancer(
        "nginx",
        include=str(include),
        upstream="app",
        test=f"{told} -t",
        reload=f"{told} -s reload",
        pid=str(folder / "nginx.pid"),
    )
    with _running(folder, port, told.split(), balancer) as running:
        yield running


@contextmanager
def haproxy(folder: Path, port: int, servers: Sequence[tuple[str, str]], state: str = "") -> Iterator[Running]:
    """Run HAProxy before these names and `address:port`, until the block ends; the first server alone is in."""
    folder.mkdir(parents=True)
    lines = [
        f"    server {name} {where} weight 100{' disabled' if number else ''}"
        for number, (name, where) in enumerate(servers)
    ]
    config = folder / "haproxy.cfg"
    text = _HAPROXY.format(
        folder=folder,
        port=port,
        servers="\n".join(lines),
        state=f"server-state-file {state}" if state else "",
        load="load-server-state-from-file global" if state else "",
    )
    config.write_text(text, encoding="utf-8")
    balancer = Balancer("haproxy", socket=str(folder / "admin.sock"), backend="app", state=state)
    with _running(folder, port, [HAPROXY, "-W", "-f", str(config)], balancer) as running:
        yield running


@contextmanager
def _running(folder: Path, port: int, words: Sequence[str], balancer: Balancer) -> Iterator[Running]:
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder
        )
    try:
        until(lambda: process.poll() is not None or _listens(port), 30, f"a balancer on {port}")
        assert process.poll() is None, (folder / "output.log").read_text(encoding="utf-8")
        yield Running(folder, port, process, balancer)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _listens(port: int) -> bool:
    wanted = f":{port:04X} "
    lines = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    return any(wanted in line.split(None, 2)[1] + " " and line.split()[3] == "0A" for line in lines)
