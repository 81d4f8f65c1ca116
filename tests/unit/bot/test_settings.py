"""The configuration becomes values, or every fault is said at once with its place and what to write instead."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict
from datetime import timedelta
from pathlib import Path

import pytest

from bot.init import starter
from bot.settings import Settings, SettingsFaults, demands, load
from deployers.environment import Canary, Component, Freeze, Host, Revisions, Shared, Version

SSH = '{ user = "deploy", path = "/srv/app", hosts = [{ name = "web1", address = "10.0.0.1" }] }'
SMALL = f"""
[app]
name = "Sample"
git = "git@example.com:sample.git"

[roles]
deployer = ["@developers"]
approver = ["@release-managers"]

[environments.production]
ssh = {SSH}
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that loads a text as shipmate.toml."""

    def read(text: str, env: Mapping[str, str] | None = None) -> Settings:
        file = tmp_path / "shipmate.toml"
        file.write_text(text, encoding="utf-8")
        return load(env or {}, file)

    return read


def faults(read, text: str, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsFaults) as caught:
        read(text, env)
    return str(caught.value)


def test_a_small_file_gets_safe_defaults(read):
    production = read(SMALL).environments["production"]
    assert (production.approvals.required, production.approvals.author_may_approve) == (1, False)
    assert (production.strategy, production.strategies) == ("rolling", ("rolling",))
    assert production.rollback.automatic
    assert production.recipe.name == "web"


def test_settings_are_frozen(read):
    with pytest.raises(FrozenInstanceError):
        read(SMALL).app = None


def test_every_table_of_an_environment_becomes_a_value(read):
    text = SMALL.replace(
        "[environments.production]\n",
        """[environments.production]
aliases = ["prod"]
strategies = ["rolling", "emergency"]
freezes = [{ days = ["fri"], from = "16:00", until = "mon 07:00", reason = "weekend" }]
canary = { percentage = 20, duration = "1h30m", success_rate = 99 }
backup = { directory = "/var/backups/app", keep = 3 }
github = { workflow = "deploy.yml", inputs = { ref = "{sha}" } }
checks = { required = ["tests"] }
rollback = { veto = "30s", migrations = "compatible" }
health = { path = "/health", version = { path = "/version", json = "sha" }, components = ["db"], interval = "500ms" }
""",
    )
    production = read(text).environments["production"]
    assert production.freezes == (Freeze(("fri",), "16:00", "mon 07:00", "weekend"),)
    assert production.canary == Canary(20, timedelta(minutes=90), 99)
    assert production.backup is not None
    assert production.backup.keep == 3
    assert production.workflow is not None
    assert production.workflow.inputs == {"ref": "{sha}"}
    assert production.required_checks == ("tests",)
    assert production.rollback.veto == timedelta(seconds=30)
    assert production.health is not None
    assert production.health.version == Version("/version", "sha")
    assert production.health.components == (Component("db", "/health/db"),)
    assert production.health.interval == timedelta(seconds=0.5)


def test_components_may_name_their_own_paths(read):
    text = f'{SMALL}health = {{ components = {{ db = "/db-up" }} }}\n'
    health = read(text).environments["production"].health
    assert health is not None
    assert health.components == (Component("db", "/db-up"),)


def test_a_host_keeps_its_own_ports(read):
    text = SMALL.replace('address = "10.0.0.1"', 'address = "::1", ssh_port = 2222, port = 8080, candidate_port = 8090')
    assert read(text).environments["production"].hosts == (Host("web1", "::1", 2222, 8080, 8090),)


def test_known_hosts_lies_beside_the_file(read, tmp_path):
    place = read(SMALL).environments["production"].place
    assert place is not None
    assert place.known_hosts == str(tmp_path / "known_hosts")


def test_a_recipe_of_ones_own_is_laid_over_the_built_in_one(read):
    text = f'{SMALL}recipe = "laravel"\n[recipes.laravel]\nrestart = ["systemctl reload php8.3-fpm"]\n'
    recipe = read(text).environments["production"].recipe
    assert recipe.restart == ("systemctl reload php8.3-fpm",)
    assert recipe.maintenance_off == ("php artisan up",)
    assert recipe.shared == (Shared("storage", "storage"), Shared(".env.production", ".env"))


def test_an_environment_without_a_recipe_takes_the_applications(read):
    text = SMALL.replace('name = "Sample"', 'name = "Sample"\nrecipe = "laravel"')
    assert read(text).environments["production"].recipe.name == "laravel"


def test_secrets_come_from_variables_or_files_and_print_as_stars(read, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("xoxb-from-a-file\n")
    settings = read(SMALL, {"SLACK_BOT_TOKEN_FILE": str(secret), "DATABASE_URL": "postgres://u:pass@db/x"})
    assert settings.outside.slack_bot_token is not None
    assert settings.outside.slack_bot_token.get_secret_value() == "xoxb-from-a-file"
    assert "xoxb" not in f"{settings} {asdict(settings.outside)}"
    assert "pass" not in repr(settings)
    assert str(settings.outside.slack_bot_token) == "***"
    assert set(settings.outside.secrets()) == {"xoxb-from-a-file", "postgres://u:pass@db/x"}


def test_a_health_header_from_the_environment_is_held_apart_from_the_plan(read):
    text = f'{SMALL}health = {{ headers = {{ Authorization = "env:HEALTH_TOKEN" }} }}\n'
    settings = read(text, {"HEALTH_TOKEN": "tok"})
    health = settings.environments["production"].health
    assert health is not None
    assert health.headers == {"Authorization": "env:HEALTH_TOKEN"}
    assert settings.headers["HEALTH_TOKEN"].get_secret_value() == "tok"


def test_sqlite_is_the_database_unless_another_is_named(read):
    assert read(SMALL).outside.database_url.get_secret_value() == "sqlite:///shipmate.db"
    assert not read(SMALL, {"DATABASE_URL": "postgresql://db/x"}).outside.sqlite


def test_the_starter_file_parses(read):
    assert set(read(starter()).environments) == {"staging", "production"}


def test_the_file_is_the_one_that_the_variable_names(tmp_path):
    (tmp_path / "other.toml").write_text(SMALL)
    settings = load({"SHIPMATE_CONFIG": str(tmp_path / "other.toml")})
    assert settings.path == tmp_path / "other.toml"


@pytest.mark.parametrize(("content", "why"), [(None, "there is no such file"), ("", "is empty"), (" \n", "is empty")])
def test_a_missing_or_empty_file_names_the_command_that_writes_one(tmp_path, content, why):
    file = tmp_path / "shipmate.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsFaults, match=f"{why}.*`shipmate init`"):
        load({}, file)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "shipmate.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsFaults, match="UTF-8"):
        load({}, tmp_path / "shipmate.toml")


def test_faults_of_the_variables_and_of_the_file_are_said_together(read):
    said = faults(read, SMALL.replace("deployer", "deploier"), {"PORT": "x", "SLACK_BOT_TOKEN": "xoxp-1"})
    assert "shipmate.toml:7: there is no role `deploier`" in said
    assert "PORT: `x` is not a port" in said
    assert "SLACK_BOT_TOKEN: it does not begin with `xoxb-`" in said
    assert "xoxp-1" not in said


def test_a_secret_in_the_file_is_sent_elsewhere_and_not_repeated(read):
    said = faults(read, SMALL.replace("[roles]", '[slack]\nbot_token = "xoxb-oh-no"\n\n[roles]'))
    assert "Secrets live in environment variables" in said
    assert "xoxb-oh-no" not in said


def test_serving_and_working_apart_over_sqlite_is_refused(read):
    env = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}
    settings = read(SMALL, env)
    assert demands(settings, "run") == ()
    for verb in ("serve", "work"):
        assert "shipmate run" in "".join(str(fault) for fault in demands(settings, verb))
    apart = read(SMALL, env | {"DATABASE_URL": "postgresql://db/x"})
    assert demands(apart, "serve") == demands(apart, "work") == ()


def test_running_without_slack_tokens_says_where_to_find_them(read):
    assert [fault.where for fault in demands(read(SMALL), "run")] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]


def test_a_header_whose_variable_is_not_set_is_demanded_before_running(read):
    text = f'{SMALL}health = {{ headers = {{ Authorization = "env:HEALTH_TOKEN" }} }}\n'
    settings = read(text, {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"})
    assert [fault.where for fault in demands(settings, "run")] == ["HEALTH_TOKEN"]


def test_a_missing_path_to_the_file_is_relative_to_where_one_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("shipmate.toml").write_text(SMALL)
    assert load({}).path == tmp_path / "shipmate.toml"


def test_which_revisions_an_environment_takes_is_read(read):
    rules = 'revisions = { allowed = ["tags/v*"], older = "allow", signed = true, risky = ["app/*"] }'
    production = read(f"{SMALL}{rules}\nchecks = {{ may_skip = true }}\n").environments["production"]
    assert production.revisions == Revisions(("tags/v*",), "allow", signed=True, risky=("app/*",))
    assert production.may_skip_checks
    usual = read(SMALL).environments["production"]
    assert (usual.revisions, usual.may_skip_checks) == (Revisions(), False)


def test_a_pattern_that_is_neither_of_tags_nor_of_branches_is_a_fault(read):
    told = faults(read, f'{SMALL}revisions = {{ allowed = ["v*"] }}\n')
    assert '`v*` is no pattern of tags or branches. Write `"tags/v*"` or `"heads/main"`' in told
