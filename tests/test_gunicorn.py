"""The web server's settings in deploy/gunicorn.conf.py."""

import importlib.util
import json
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gunicorn.config import Config

from config import clean_env

PATH = Path(__file__).resolve().parent.parent / "deploy" / "gunicorn.conf.py"
RECORD = logging.LogRecord("gunicorn.error", logging.INFO, "", 0, "Booting worker with pid: %s", (7,), None)


@pytest.fixture
def conf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    for name in ("LOG_FORMAT", "LOG_LEVEL", "BIND", "WEB_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "env"))
    spec = importlib.util.spec_from_file_location("gunicorn_conf", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(conf: ModuleType) -> str:
    handler = conf.Logger(Config()).error_log.handlers[0]
    text: str = handler.format(RECORD)
    return text


def test_gunicorn_knows_each_setting(conf: ModuleType) -> None:
    settings = Config().settings
    ours = [name for name in vars(conf) if not name.startswith("_") and isinstance(vars(conf)[name], str | int)]
    assert {"bind", "workers", "graceful_timeout"} <= set(ours)
    assert set(ours) <= settings.keys()


def test_the_application_is_not_loaded_before_workers_start(conf: ModuleType) -> None:
    assert not hasattr(conf, "preload_app"), "SIGHUP would start workers with the old code"
    assert "import config" not in PATH.read_text()
    assert "from config" not in PATH.read_text()


def test_its_lines_look_like_the_applications(conf: ModuleType) -> None:
    assert line(conf).endswith(" INFO    gunicorn.error: Booting worker with pid: 7")


@pytest.mark.parametrize("written", ["LOG_FORMAT=json", "X=1\nLOG_FORMAT='json'\n", 'LOG_FORMAT="json"'])
def test_it_reads_the_format_where_the_settings_do(conf: ModuleType, tmp_path: Path, written: str) -> None:
    (tmp_path / "env").write_text(written)
    found: dict[str, Any] = json.loads(line(conf))
    assert (found["level"], found["logger"]) == ("INFO", "gunicorn.error")
    assert found["message"] == "Booting worker with pid: 7"


@pytest.mark.parametrize(("written", "level"), [("LOG_LEVEL=WARNING", 30), ("LOG_LEVEL=loud", 20), ("", 20)])
def test_it_reads_the_level_where_the_settings_do(conf: ModuleType, tmp_path: Path, written: str, level: int) -> None:
    (tmp_path / "env").write_text(written)
    assert conf.Logger(Config()).error_log.level == level


def test_the_environment_wins_over_the_file(conf: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env").write_text("LOG_FORMAT=json")
    monkeypatch.setenv("LOG_FORMAT", "text")
    assert not line(conf).startswith("{")
    assert "LOG_FORMAT" in clean_env.names()
