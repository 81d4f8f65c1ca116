"""Other ways to run the same scripts on the same targets: the OpenSSH client, ansible, pyinfra and Capistrano."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from benchmarks.targets import Fleet, Target

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shipmate-bench"
_PIP = f"python3 -m venv {CACHE} && {CACHE}/bin/pip install ansible-core pyinfra"
INSTALL = {
    "ansible-playbook": _PIP,
    "pyinfra": _PIP,
    "cap": "apt install capistrano",
    "ssh": "apt install openssh-client",
}
FLOOR, MULTIPLEXED = "OpenSSH, one connection, one script (the floor)", "OpenSSH multiplexed, eight executions"
ANSIBLE, PYINFRA, CAPISTRANO = "ansible-core", "pyinfra", "Capistrano"


@dataclass(frozen=True, slots=True)
class Rival:
    """A tool that brings the scripts to all targets."""

    name: str
    program: str
    run: Callable[[Fleet, Path, Sequence[str]], None]
    """Takes the fleet, an empty folder for what it needs, and the scripts; returns when all is done."""

    @property
    def missing(self) -> str:
        """Return how to install it; nothing when it is there."""
        return "" if _program(self.program) else f"{self.name} is missing: {INSTALL[self.program]}"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{CACHE / 'bin'}:{os.environ['PATH']}")


def _run(words: Sequence[str | Path], cwd: Path, **variables: str) -> None:
    path = f"{CACHE / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, "PATH": path, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def _ssh(fleet: Fleet, target: Target, *words: str) -> list[str]:
    return [
        "ssh", "-F", "none", "-i", str(fleet.key_file), "-p", str(target.port), "-o", "BatchMode=yes",
        "-o", f"UserKnownHostsFile={fleet.known_hosts}", *words, f"{fleet.user}@{target.address}",
    ]  # fmt: skip


def _everywhere(fleet: Fleet, do: Callable[[Target], None]) -> None:
    with ThreadPoolExecutor(len(fleet.targets)) as pool:
        list(pool.map(do, fleet.targets))


def _floor(fleet: Fleet, folder: Path, scripts: Sequence[str]) -> None:
    script = " && ".join(f"sh -c {quote(script)}" for script in scripts)
    _everywhere(fleet, lambda target: _run([*_ssh(fleet, target), script], folder))


def _multiplexed(fleet: Fleet, folder: Path, scripts: Sequence[str]) -> None:
    def one(target: Target) -> None:
        control = ["-o", f"ControlPath={folder}/{target.name}"]
        _run([*_ssh(fleet, target, *control, "-M", "-N", "-f")], folder)
        for script in scripts:
            _run([*_ssh(fleet, target, *control), f"sh -c {quote(script)}"], folder)
        _run([*_ssh(fleet, target, *control, "-O", "exit")], folder)

    _everywhere(fleet, one)


def _ansible(fleet: Fleet, folder: Path, scripts: Sequence[str]) -> None:
    common = f"-o UserKnownHostsFile={fleet.known_hosts} -o ControlMaster=auto -o ControlPersist=60"
    lines = ["[all]"] + [
        f"{each.name} ansible_host={each.address} ansible_port={each.port} ansible_user={fleet.user}"
        f" ansible_ssh_private_key_file={fleet.key_file} ansible_python_interpreter=/usr/bin/python3"
        f' ansible_ssh_common_args="{common}"'
        for each in fleet.targets
    ]
    (folder / "inventory").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tasks = [{"ansible.builtin.shell": {"cmd": script}} for script in scripts]
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    _run(
        ["ansible-playbook", "-i", "inventory", "-f", str(len(fleet.targets)), "play.yml"],
        folder,
        ANSIBLE_PIPELINING="True",
        ANSIBLE_HOME=str(folder / "ansible"),
        ANSIBLE_SSH_CONTROL_PATH_DIR=str(folder / "cp"),
    )


def _pyinfra(fleet: Fleet, folder: Path, scripts: Sequence[str]) -> None:
    hosts = [
        (
            each.name,
            {
                "ssh_hostname": each.address,
                "ssh_port": each.port,
                "ssh_user": fleet.user,
                "ssh_key": str(fleet.key_file),
                "ssh_known_hosts_file": str(fleet.known_hosts),
                "ssh_strict_host_key_checking": "yes",
            },
        )
        for each in fleet.targets
    ]
    (folder / "inventory.py").write_text(f"hosts = {hosts!r}\n", encoding="utf-8")
    operations = "".join(f"server.shell(name='step {n}', commands=[{text!r}])\n" for n, text in enumerate(scripts))
    (folder / "deploy.py").write_text(f"from pyinfra.operations import server\n{operations}", encoding="utf-8")
    _run(["pyinfra", "-y", "inventory.py", "deploy.py"], folder)


_CAPFILE = """\
require 'capistrano/setup'
require 'capistrano/deploy'
require 'capistrano/scm/git'
install_plugin Capistrano::SCM::Git
load 'steps.rake'
"""


def _capistrano(fleet: Fleet, folder: Path, scripts: Sequence[str]) -> None:
    servers = "".join(f"server {each.address!r}, roles: %w[all]\n" for each in fleet.targets)
    (folder / "config" / "deploy").mkdir(parents=True)
    (folder / "lib" / "capistrano" / "tasks").mkdir(parents=True)
    (folder / "Capfile").write_text(_CAPFILE, encoding="utf-8")
    (folder / "config" / "deploy.rb").write_text(_cap_ssh(fleet), encoding="utf-8")
    (folder / "config" / "deploy" / "production.rb").write_text(servers, encoding="utf-8")
    executed = "".join(f"    execute :sh, '-c', %q({quote(script)})\n" for script in map(_ruby, scripts))
    task = f"task :ship do\n  on roles(:all), in: :parallel do\n{executed}  end\nend\n"
    (folder / "steps.rake").write_text(task, encoding="utf-8")
    _run(["cap", "production", "ship"], folder)


def run_ssh(fleet: Fleet, line: str) -> None:
    """Run one line on every target at once, each over a connection of its own."""
    _everywhere(fleet, lambda target: _run([*_ssh(fleet, target), line], fleet.folder))


def run_cap(fleet: Fleet, folder: Path, repository: Path, place: Path) -> None:
    """Have Capistrano go back to the release before the one that serves, by its own task."""
    servers = "".join(f"server {each.address!r}, roles: %w[app]\n" for each in fleet.targets)
    (folder / "config" / "deploy").mkdir(parents=True)
    (folder / "Capfile").write_text(_CAPFILE.replace("load 'steps.rake'\n", ""), encoding="utf-8")
    settings = f"set :application, 'bench'\nset :repo_url, 'file://{repository}'\nset :deploy_to, '{place}'\n"
    (folder / "config" / "deploy.rb").write_text(settings + _cap_ssh(fleet), encoding="utf-8")
    (folder / "config" / "deploy" / "production.rb").write_text(servers, encoding="utf-8")
    _run(["cap", "production", "deploy:rollback"], folder)


def _cap_ssh(fleet: Fleet) -> str:
    port = fleet.targets[0].port
    options = f"keys: [{str(fleet.key_file)!r}], port: {port}, user: {fleet.user!r}, forward_agent: false"
    known = f"user_known_hosts_file: [{str(fleet.known_hosts)!r}], verify_host_key: :always, config: false"
    return f"set :ssh_options, {{ {options}, {known} }}\n"


def _ruby(script: str) -> str:
    """Return the script as it may stand between %q( and ): balanced, with backslashes kept."""
    return script.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


RIVALS = (
    Rival(FLOOR, "ssh", _floor),
    Rival(MULTIPLEXED, "ssh", _multiplexed),
    Rival(CAPISTRANO, "cap", _capistrano),
    Rival(PYINFRA, "pyinfra", _pyinfra),
    Rival(ANSIBLE, "ansible-playbook", _ansible),
)
