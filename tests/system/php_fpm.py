"""A php-fpm behind an nginx on the loopback, as the current user, below a folder of their own."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from getpass import getuser
from glob import glob
from pathlib import Path
from threading import Event
from time import monotonic

from benchmarks.balancers import NGINX
from tests import needed

PROGRAM = max(glob("/usr/sbin/php-fpm[0-9]*"), default=shutil.which("php-fpm") or "")
PATIENCE = 30.0
PROCESSES = 3
# opcache never looks at a file again: what it has read is served until php-fpm is reloaded, as where people want speed.
_FPM = """\
[global]
pid = {folder}/fpm.pid
error_log = {folder}/fpm.log
process_control_timeout = 10s

[application]
user = {user}
listen = 127.0.0.1:{port}
pm = static
pm.max_children = {processes}
clear_env = yes
catch_workers_output = yes
php_admin_value[opcache.validate_timestamps] = 0
php_admin_flag[log_errors] = on
php_admin_flag[display_errors] = off
"""
_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location / {{ try_files $uri /index.php$is_args$args; }}
        location ~ \\.php$ {{
            fastcgi_pass 127.0.0.1:{php};
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
        }}
    }}
}}
"""


def demanded() -> None:
    """Skip where a package is missing; in CI that is a failure."""
    needed.needed(Path(NGINX).exists(), "nginx is not installed (apt-get install nginx)")
    needed.needed(PROGRAM, "php-fpm is not installed (apt-get install php-fpm)")
    needed.needed(shutil.which("php"), "PHP's command line is not installed (apt-get install php-cli)")
    for program in (PROGRAM, "php"):
        told = subprocess.run([program, "-m"], capture_output=True, text=True, check=True, timeout=30)
        spoken = "pdo_mysql" in told.stdout.split()
        needed.needed(spoken, f"{program} cannot speak to MariaDB (apt-get install php-mysql)")


@contextmanager
def served(folder: Path, root: Path, port: int, php: int) -> Iterator[None]:
    """Serve what lies below a root on a port of the loopback until the block ends; PHP listens on another."""
    folder.mkdir(parents=True)
    fpm, nginx = folder / "fpm.conf", folder / "nginx.conf"
    fpm.write_text(_FPM.format(folder=folder, user=getuser(), port=php, processes=PROCESSES))
    nginx.write_text(_NGINX.format(folder=folder, root=root, port=port, php=php))
    as_root = ["-R"] if os.geteuid() == 0 else []
    with (
        _running([PROGRAM, "--nodaemonize", "--fpm-config", str(fpm), *as_root], php, folder / "fpm.out"),
        _running([NGINX, "-p", str(folder), "-c", str(nginx), "-e", f"{folder}/nginx.log"], port, folder / "nginx.out"),
    ):
        yield


@contextmanager
def _running(words: Sequence[str], port: int, output: Path) -> Iterator[None]:
    with output.open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        end = monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None or monotonic() > end:
                raise AssertionError(f"{words[0]}: {output.read_text(errors='replace')}")
            Event().wait(0.05)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(15)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
