"""Whether the database, the repository, GitHub, the hosts and the health routes are as the configuration says."""

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import httpx

from bot.check.results import Grade, Result
from bot.github import door
from bot.settings.demands import demands
from bot.settings.values import Settings
from deployers import legacy
from deployers.environment import Environment, Health, Host
from deployers.errors import RefRefused
from deployers.legacy import AskLegacy
from deployers.ports import Preflight, Repository
from storage import deployments
from storage.store import Store


def configuration(settings: Settings) -> Iterator[Result]:
    """Say what was read, and what `shipmate run` would still miss."""
    hosts = sum(len(environment.machines) for environment in settings.environments.values())
    what = f"{len(settings.environments)} environments, {hosts} hosts"
    yield Result("configuration", settings.path.name, Grade.OK, what)
    for fault in demands(settings, "run"):
        if not fault.where.startswith("SLACK"):
            yield Result("configuration", fault.where, Grade.BAD, fault.wrong, fault.instead)


def database(store: Store) -> Iterator[Result]:
    """Reach the database, and compare its revision with ours; a SQLite file must be private."""
    file = Path(store.engine.url.database or "") if store.engine.dialect.name == "sqlite" else None
    if file and not file.exists():
        yield Result("database", str(file), Grade.BAD, "it does not exist yet", "Run `shipmate migrate`")
        return
    mode = stat.S_IMODE(file.stat().st_mode) if file else 0o600
    name = str(file) if file else store.engine.url.render_as_string(hide_password=True)
    store.check_revision()
    yield Result("database", name, Grade.OK, f"reachable, at revision {store.revision()}")
    if mode & 0o077:
        yield Result(
            "database", name, Grade.WARN, f"others could read it (mode {mode:04o}); it has been made private", ""
        )


def repository(settings: Settings, source: Repository) -> Iterator[Result]:
    """Read the repository that releases come from."""
    try:
        source.resolve("main")
    except RefRefused:
        pass  # it was read: only that branch is called otherwise
    yield Result("repository", settings.app.git, Grade.OK, "readable")


def github(settings: Settings, http: httpx.Client) -> Iterator[Result]:
    """Try the GitHub token or the App, if there is one, on the repository."""
    held, name = settings.outside.github_token, settings.app.repository
    if held is None and settings.outside.github_app_id:
        yield _as_app(settings)
        return
    if held is None or not name:
        yield Result("github", name or "token", Grade.OK, "not configured; plain git is used")
        return
    url = f"{settings.outside.github_api_url.rstrip('/')}/repos/{name}"
    answer = http.get(url, headers={"Authorization": f"Bearer {held.get_secret_value()}"})
    match answer.status_code:
        case 200:
            yield Result("github", name, Grade.OK, "the token reads it")
        case 401:
            yield Result("github", name, Grade.BAD, "the token is not valid", "Put a new one into GITHUB_TOKEN")
        case 403 | 404:
            todo = "Give the token access to the repository, or correct app.repository"
            yield Result("github", name, Grade.BAD, "the token does not see this repository", todo)
        case status:
            yield Result("github", name, Grade.WARN, f"GitHub answers {status}", "Try again later")


def _as_app(settings: Settings) -> Result:
    """Sign in as the App and read the repository; raises what GitHub makes go wrong."""
    name = settings.app.repository
    if (way := door(settings)) is None:
        todo = "Set GITHUB_APP_PRIVATE_KEY, GITHUB_INSTALLATION_ID and app.repository; or take GITHUB_APP_ID away"
        what = "GITHUB_APP_ID is set, but not all that a GitHub App needs; plain git is used"
        return Result("github", name or "app", Grade.WARN, what, todo)
    with way.asking({"contents": "read"}) as asker:
        asker.get("")
    return Result("github", name, Grade.OK, "the App reads it")


def key(settings: Settings) -> Iterator[Result]:
    """Look at the private key that logs in to the hosts."""
    file = settings.outside.ssh_private_key_file
    if file is None:
        todo = "Set SSH_PRIVATE_KEY_FILE to a key of Shipmate's own"
        yield Result("hosts", "key", Grade.WARN, "SSH_PRIVATE_KEY_FILE is not set; ~/.ssh/id_ed25519 is used", todo)
    elif file.stat().st_mode & 0o077:
        yield Result("hosts", "key", Grade.BAD, f"others may read {file}", f"Type `chmod 600 {file}`")
    else:
        yield Result("hosts", "key", Grade.OK, f"{file} is private")


def hosts(environment: Environment, preflight: Preflight) -> Iterator[Result]:
    """Look at every host of an environment as a deployment would before it begins."""
    place = environment.place
    if place is None:
        return
    if not Path(place.known_hosts).is_file():
        scan = f"{_keyscan(environment.machines)} > {place.known_hosts}"
        todo = f"Pin the hosts' keys: `{scan}`, and compare them on the hosts"
        yield Result(
            "hosts", environment.name, Grade.BAD, f"there is no {place.known_hosts}, so no host is trusted", todo
        )
        return
    for finding in preflight.inspect(environment):
        grade = Grade.OK if finding.good else Grade.BAD if finding.blocking else Grade.WARN
        what = finding.what if not finding.good or not finding.detail else f"{finding.what}: {finding.detail}"
        todo = "" if finding.good else finding.detail or "Log in there as the configured user and look"
        yield Result("hosts", f"{environment.name}/{finding.where}", grade, what, todo)


def old_backups(environment: Environment, ask: AskLegacy) -> Iterator[Result]:
    """Say which backups of others lie on the hosts, and what each kind of them can give back and cannot."""
    if environment.place is None or not Path(environment.place.known_hosts).is_file():
        return
    for line in legacy.told(ask(environment)):
        todo = f"I restore nothing from it; `/rollback backup {environment.name}` lists those that I made"
        yield Result("backups", environment.name, Grade.OK, line, todo)


def health(
    environment: Environment, http: httpx.Client, secrets: Mapping[str, str], *, serves: Callable[[], bool]
) -> Iterator[Result]:
    """Ask the environment's URL as a deployment would after it; where nothing was deployed, silence is no fault."""
    asked = environment.health
    if asked is None or not environment.url:
        todo = f"Write `url` and `[environments.{environment.name}.health]`, so that a sick release is noticed"
        yield Result("health", environment.name, Grade.WARN, "nothing says what healthy means here", todo)
        return
    head = {name: secrets.get(text.removeprefix("env:"), text) for name, text in asked.headers.items()}
    results = [_asked(environment, asked, path, http, head) for path in _paths(asked)]
    if any(it.what.startswith(_SILENT) for it in results) and not serves():
        todo = (
            f"Deploy a first release (`/deploy {environment.name} v1.0`); if the application runs already, correct"
            f" `url`, now {environment.url}"
        )
        what = "nothing was deployed here yet, and nothing well answers"
        yield Result("health", environment.name, Grade.WARN, what, todo)
        results = [it for it in results if not it.what.startswith(_SILENT)]
    yield from results


def serves(store: Store, environment: str) -> bool:
    """Say whether anything that was deployed through us runs there."""
    with store.look() as session:
        return deployments.current(session, environment) is not None


_SILENT = ("no answer", "answers 404", "answers 5")
"""How an address answers behind which no application runs yet."""


def _paths(asked: Health) -> Iterable[str]:
    paths = [asked.path, *(component.path for component in asked.components)]
    if asked.version and asked.version.path:
        paths.append(asked.version.path)
    return dict.fromkeys(paths)


def _asked(environment: Environment, asked: Health, path: str, http: httpx.Client, head: Mapping[str, str]) -> Result:
    name, url = f"{environment.name}{path}", f"{environment.url}{path}"
    try:
        status = http.get(url, headers=dict(head), timeout=asked.timeout.total_seconds()).status_code
    except httpx.HTTPError as error:
        todo = f"Is {environment.url} the right address, and does the application run?"
        return Result("health", name, Grade.BAD, f"no answer: {error or type(error).__name__}", todo)
    if status in asked.accept:
        return Result("health", name, Grade.OK, f"answers {status}")
    todo = (
        f"Correct the path; or, if that means up, add {status} to `accept` of [environments.{environment.name}.health]"
    )
    return Result("health", name, Grade.BAD, f"answers {status}, accepted is {', '.join(map(str, asked.accept))}", todo)


def _keyscan(targets: Iterable[Host]) -> str:
    return "; ".join(f"ssh-keyscan -p {host.ssh_port} {host.address}" for host in targets)
