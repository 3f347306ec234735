"""The files in deploy/: they parse, and what they name exists."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.db import connection
from django.db.utils import OperationalError

from config import clean_env
from digest import counters
from digest.ops import database_wait
from digest.ops.health import broker
from digest.ops.metrics import families
from tests.certificates import serving
from tests.conftest import NOW

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ROLES = ("migrate", "web", "worker", "beat", "allinone")
# Read by gunicorn.conf.py, the entry point and compose.yaml, and not by our settings.
NOT_OURS = {"BIND", "CONCURRENCY", "SITE_HOST", "POSTGRES_PASSWORD", "UPSTREAM", "WEB_CONCURRENCY"}


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def entry_point(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the container's entry point with no variables but these."""
    python = Path(sys.executable).parent
    return subprocess.run(
        ["sh", str(DEPLOY / "docker-entrypoint.sh"), *words],
        env={"PATH": f"{python}:/usr/bin:/bin", "ENV_FILE": os.devnull} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- The entry point --------------------------------------------------------
def test_without_a_role_it_says_which_there_are() -> None:
    done = entry_point()
    assert done.returncode == 1
    assert all(role in done.stderr for role in ROLES)


@pytest.mark.parametrize("role", ["migrate", "web", "worker", "beat"])
def test_each_role_names_the_setting_that_is_missing(role: str) -> None:
    keys = {"SECRET_KEY": "k", "DATABASE_URL": "postgresql://u@h/d"}
    for given, missing in (({}, "SECRET_KEY"), ({"SECRET_KEY": "k"}, "DATABASE_URL"), (keys, "CELERY_BROKER_URL")):
        done = entry_point(role, **given)
        assert done.returncode == 1
        assert done.stderr.startswith(f"docker-entrypoint: {missing} is not set. ")


def test_other_words_are_commands_and_need_no_environment(tmp_path: Path) -> None:
    done = entry_point("check", VAR_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_database_that_is_not_there_is_reported_in_one_line(tmp_path: Path) -> None:
    address = "postgresql://papers:s3cret@127.0.0.1:9/papers"
    done = entry_point("wait_for_database", "--seconds", "0", VAR_DIR=str(tmp_path), DATABASE_URL=address)
    assert done.returncode == 1
    assert "The database has not answered for 0 seconds" in done.stderr
    assert "Check DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


def test_it_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([OperationalError("starting up"), OperationalError("starting up"), None])
    slept: list[float] = []

    def connect() -> None:
        if error := next(answers):
            raise error

    monkeypatch.setattr(connection, "ensure_connection", connect)
    database_wait.wait(60, sleep=slept.append)
    assert slept == [database_wait.PAUSE] * 2


# --- Compose and Dockerfile -------------------------------------------------
def test_each_service_of_compose_has_a_role_and_a_health_check() -> None:
    services = compose()["services"]
    ours = {name: service for name, service in services.items() if service.get("image") == "daily-papers"}
    assert set(ours) == {"migrate", "web", "worker", "beat"}
    for name, service in ours.items():
        assert service["command"] == name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["depends_on"].keys() <= services.keys()
        if name != "migrate":
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name in ("db", "redis", "worker", "beat"):  # `docker compose up --wait` fails if a check is disabled
        assert "test" in services[name]["healthcheck"]
    assert "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text()  # of web


def test_an_upgrade_leaves_caddy_running() -> None:
    """Compose recreates what depends on a service that it recreates."""
    assert "depends_on" not in compose()["services"]["caddy"]


def test_compose_builds_the_image_once() -> None:
    builds = {name: service["build"] for name, service in compose()["services"].items() if "build" in service}
    assert builds.keys() == {"migrate"}  # the others wait for it
    assert (ROOT / "deploy" / builds["migrate"]["context"]).resolve() == ROOT
    assert (ROOT / builds["migrate"]["dockerfile"]).is_file()


def test_compose_declares_its_volumes_and_shows_no_secret() -> None:
    loaded = compose()
    used = {volume.split(":")[0] for service in loaded["services"].values() for volume in service.get("volumes", ())}
    assert {volume for volume in used if not volume.startswith("./")} == set(loaded["volumes"])
    assert all((DEPLOY / volume).is_file() for volume in used if volume.startswith("./"))
    assert "--appendonly yes" in loaded["services"]["redis"]["command"]


def test_files_name_only_settings_that_exist() -> None:
    known = clean_env.names() | NOT_OURS | {"ENV_FILE"}
    app = compose()["services"]["web"]["environment"]
    example = re.findall(r"^([A-Z_]+)=", (DEPLOY / "compose.env.example").read_text(), re.MULTILINE)
    asked = re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text())
    read = re.findall(r'environ\.get\("([A-Z_]+)"', (DEPLOY / "gunicorn.conf.py").read_text())
    assert {*app, *example, *asked, *read} <= known
    assert set(asked) - {"SECRET_KEY"} <= {*example} | NOT_OURS


def test_the_image_runs_as_another_user_on_hashed_packages_without_secrets() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)
    assert text.count("FROM python:${PYTHON}-slim") == 2
    assert "--require-hashes" in text
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", "**/.env", "**/*.env", "var", "tests"} <= set(ignored)
    copied = re.findall(r"^COPY (?!--)(\S+) ", text, re.MULTILINE)
    assert copied
    assert all((ROOT / path).exists() for path in copied)
    needed = ("deploy/docker-entrypoint.sh", "deploy/gunicorn.conf.py", "pyproject.toml", "locale", "manage.py")
    assert not set(needed) & set(ignored)


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    run("hadolint", DEPLOY / "Dockerfile")


# --- Units and proxies ------------------------------------------------------
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_each_unit_runs_a_command_that_exists_as_the_services_user(unit: Path) -> None:
    text = unit.read_text()
    (command,) = re.findall(r"^ExecStart=/srv/papers/\.venv/bin/(.+)$", text, re.MULTILINE)
    words = command.split()
    if words[:2] == ["python", "manage.py"]:
        assert words[2] in get_commands()
    else:
        assert words[0] in ("celery", "gunicorn")
        assert shutil.which(words[0], path=str(Path(sys.executable).parent))
    for path in re.findall(r"deploy/[\w.]+", text):
        assert (ROOT / path).is_file()
    for line in ("User=papers", "UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert line in text.splitlines()


def test_the_web_server_reloads_and_processes_finish_their_emails() -> None:
    assert "ExecReload=/bin/kill -HUP $MAINPID" in (DEPLOY / "systemd" / "papers-web.service").read_text()
    for name in ("papers", "papers-worker"):
        assert "TimeoutStopSec=120" in (DEPLOY / "systemd" / f"{name}.service").read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():  # it looks for the programs and the folder
        text = re.sub(r"/srv/papers/\.venv/bin/\w+", "/bin/true", unit.read_text()).replace("=/srv/papers", "=/")
        (tmp_path / unit.name).write_text(text)
    run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(tmp_path.iterdir()))


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
def test_caddy_accepts_its_file() -> None:
    run("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    serving(tmp_path)
    whole = f"{tmp_path}/certificate-and-key.pem"
    text = re.sub(r"/etc/letsencrypt/live/papers\.example\.org/\w+\.pem", whole, (DEPLOY / "nginx.conf").read_text())
    (tmp_path / "papers.conf").write_text(text.replace("/var/log/nginx/", f"{tmp_path}/"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    main = f"pid {tmp_path}/pid; events {{}} http {{ {folders} include {tmp_path}/papers.conf; }}"
    (tmp_path / "nginx.conf").write_text(main)
    run("nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf")


def test_nginx_counts_only_passwords_that_are_sent() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    assert re.search(r'map \$request_method \$login_attempt \{\s+POST \$binary_remote_addr;\s+default "";\s+\}', text)
    assert "limit_req_zone $login_attempt " in text


def test_the_docs_name_each_file_and_each_unit() -> None:
    text = (ROOT / "docs" / "deploying.md").read_text()
    named = [path.name for path in DEPLOY.iterdir() if path.suffix in (".yaml", ".yml", ".json", ".example")]
    for name in [*named, "Caddyfile", "nginx.conf", *(unit.stem for unit in UNITS)]:
        assert name in text, name
    for path in re.findall(r"deploy/[\w.-]*\w", text):
        assert (ROOT / path).exists(), path
    for command in re.findall(r"^(?:sudo )?manage\.py (\w+)", text, re.MULTILINE):
        assert command in get_commands(), command


# --- Monitoring -------------------------------------------------------------
def series(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of all series that /metrics can have."""
    monkeypatch.setattr(broker, "is_in_memory", lambda: False)
    monkeypatch.setattr(broker, "depths", lambda: {"tick": 0})
    monkeypatch.setattr(counters, "read", dict)
    endings = {"counter": ("_total",), "summary": ("_count", "_sum")}
    found = list(families.collect(now=NOW))
    return {family.name + ending for family in found for ending in endings.get(family.type, ("",))}


@pytest.mark.django_db
def test_the_dashboard_and_the_rules_use_only_metrics_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    named = {name for query in queries for name in re.findall(r"dailypapers_\w+", query)}
    assert len(named) > 15
    assert named <= series(monkeypatch)


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
