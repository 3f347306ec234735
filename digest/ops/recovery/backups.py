"""Backups: one private file with the database, the keys, the log of sent emails, and a manifest."""

import datetime as dt
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from digest.delivery import high_water, sent_log
from digest.models import Installation
from digest.ops.recovery import database_dump, disk_errors, guard, keys

FORMAT = 1
MANIFEST, DATABASE, KEYS = "manifest.json", "database", "keys.env"
NAME = "daily-papers-*.tar.gz"
PREFIX = ".daily-papers-"  # of temporary folders
ABANDONED_AFTER = dt.timedelta(days=1)
RESTORED = (
    "The database was restored from a backup of {at:%Y-%m-%d %H:%M} UTC, and emails may have left since. "
) + guard.WHAT_TO_DO


class BackupError(Exception):
    """There is no backup, or it can't be restored. The message says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """The description of a backup."""

    format: int
    made_at: str
    version: str
    vendor: str
    incarnation: str
    counts: dict[str, int]
    migrations: list[list[str]]
    sha256: dict[str, str]

    @property
    def moment(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.made_at)


def default_path(now: dt.datetime) -> Path:
    folder: Path = settings.VAR_DIR / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"daily-papers-{now:%Y-%m-%dT%H%M%S}.tar.gz"


def backup(path: Path, *, now: dt.datetime) -> Manifest:
    """Write a backup to `path`, which must not exist. The site may be running. Raise BackupError or DumpError."""
    if path.exists():
        raise BackupError(f"{path} exists already. Choose another name.")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is not a folder.")
    keys.verify()
    _delete_abandoned(path.parent, now)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=path.parent) as name:
        folder = Path(name)
        counts = database_dump.dump(folder / DATABASE)
        _write_keys(folder / KEYS)
        row = Installation.load()
        logs = folder / "sent"
        shutil.copytree(sent_log.home(row.incarnation), logs)  # after the dump, so that it knows no less
        members = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        manifest = Manifest(
            format=FORMAT,
            made_at=now.isoformat(),
            version=settings.VERSION,
            vendor=connection.vendor,
            incarnation=row.incarnation.hex,
            counts=counts,
            migrations=[list(each) for each in MigrationRecorder(connection).applied_migrations()],
            sha256={member: _hash(folder / member) for member in members},
        )
        (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2))
        draft = folder / "archive"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                for member in (MANIFEST, *members):  # the manifest first, so that it is found at once
                    archive.add(folder / member, arcname=member, filter=_without_owner)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    return manifest


def keep(count: int, folder: Path) -> list[Path]:
    """Delete all but the newest `count` backups with default names in `folder`. Return the deleted ones."""
    old = sorted(folder.glob(NAME), reverse=True)[count:]
    for path in old:
        path.unlink()
    return old


def _delete_abandoned(beside: Path, now: dt.datetime) -> None:
    """Delete temporary folders that a killed process left more than a day ago: they hold the database and the keys."""
    for path in {*beside.glob(f"{PREFIX}*"), *settings.VAR_DIR.glob(f"{PREFIX}*")}:
        if path.is_dir() and dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) < now - ABANDONED_AFTER:
            shutil.rmtree(path, ignore_errors=True)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a backup. Raise BackupError."""
    try:
        with tarfile.open(path) as archive:
            file = archive.extractfile(MANIFEST)
            fields: dict[str, Any] = json.loads(file.read() if file else b"")
        if fields["format"] != FORMAT:
            raise BackupError(f"{path} was made by a newer release. Restore it with that release.")
        return Manifest(**fields)
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except tarfile.ReadError as error:  # its message has a line for each way to compress
        raise BackupError(f"{path} is not a backup of Daily Papers, or is damaged.") from error
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise BackupError(f"{path} is not a backup of Daily Papers, or is damaged ({error}).") from error


def restore(path: Path, *, replace: bool, now: dt.datetime) -> list[str]:
    """Replace the database with that of a backup, and pause sending. Return what the operator should know.

    Sending is not paused if the high-water mark proves that no email left after the backup. Raise BackupError or
    DumpError, and leave everything as it was.
    """
    manifest = read_manifest(path)
    _require_fitting(manifest)
    if not replace and not database_dump.is_empty():
        raise BackupError(
            "The database has readers or editions. Use --replace to replace them by those of the backup, and back up "
            "the database first."
        )
    database_dump.require_alone()
    with _extracted(path, manifest) as folder:
        database_dump.load(folder / DATABASE)
        if database_dump.counts() != manifest.counts:
            raise BackupError("The restored tables have other numbers of rows than the backup. Restore it again.")
        notes = _restore_keys(folder / KEYS)
        _restore_logs(folder / "sent")
    call_command("migrate", verbosity=0)
    return [*notes, _pause(manifest, now)]


def _pause(manifest: Manifest, now: dt.datetime) -> str:
    row = Installation.load()
    mark = high_water.read(row.incarnation)
    if mark and mark.position <= row.position:
        return "No email has left since the backup, so sending continues."
    if mark:
        guard.may_send(now=now)
    else:
        guard.hold(RESTORED.format(at=manifest.moment), now=now)
    return "Sending is paused. " + Installation.load().behind_reason


def _require_fitting(manifest: Manifest) -> None:
    """Raise BackupError if this code or this kind of database can't use the backup."""
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"The backup is of {manifest.vendor}, and DATABASE_URL names {connection.vendor}. Restore it into "
            f"{manifest.vendor}, then use manage.py move."
        )
    known = MigrationLoader(None).disk_migrations
    ours = {app for app, _ in known}
    newer = [
        f"{app}.{name}" for app, name in map(tuple, manifest.migrations) if app in ours and (app, name) not in known
    ]
    if newer:
        raise BackupError(
            f"The backup was made by a newer release ({manifest.version}, with {newer[0]}). Update the code first."
        )


def _restore_keys(path: Path) -> list[str]:
    """Put the key of the backup into VAR_DIR, or say what to put into .env."""
    try:
        keys.verify()
    except keys.WrongKeyError:
        pass
    else:
        return []
    values = dict(line.split("=", 1) for line in path.read_text().splitlines())
    copy, kept = settings.VAR_DIR / KEYS, settings.VAR_DIR / "secret_key"
    if not settings.HAS_OWN_SECRET_KEY and set(values) == {"SECRET_KEY"}:
        if kept.exists():
            kept.replace(kept.with_name("secret_key.before_restore"))
        _write_private(kept, values["SECRET_KEY"])
        return [f"{kept} has the key of the backup."]
    _write_private(copy, path.read_text())
    return [f"Put the lines of {copy} into .env and delete that file: the site does not start with other keys."]


def _restore_logs(folder: Path) -> None:
    """Bring the log of sent emails back, unless this machine has a newer one."""
    home = sent_log.home(Installation.load().incarnation)
    for file in folder.glob("*.log"):
        if not (home / file.name).exists():
            _write_private(home / file.name, file.read_text())


def _write_keys(path: Path) -> None:
    lines = [f"SECRET_KEY={settings.SECRET_KEY}"]
    if settings.SECRET_KEY_FALLBACKS:
        lines.append(f"SECRET_KEY_FALLBACKS={','.join(settings.SECRET_KEY_FALLBACKS)}")
    if settings.ADDRESS_HASH_KEY != settings.SECRET_KEY:
        lines.append(f"ADDRESS_HASH_KEY={settings.ADDRESS_HASH_KEY}")
    path.write_text("".join(f"{line}\n" for line in lines))


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


@contextmanager
def _extracted(path: Path, manifest: Manifest) -> Iterator[Path]:
    """Yield a private folder with the files of the backup, after comparing their hashes."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=settings.VAR_DIR) as temporary:
        folder = Path(temporary)
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name in manifest.sha256 and ".." not in PurePosixPath(member.name).parts:
                        archive.extract(member, folder, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno in disk_errors.FULL:
                raise BackupError(disk_errors.describe(error, settings.VAR_DIR)) from error
            raise BackupError(f"{path} is damaged ({error}). Use another backup.") from error
        for name, expected in manifest.sha256.items():
            if not (folder / name).is_file() or _hash(folder / name) != expected:
                raise BackupError(f"{path} is damaged: {name} is not what was backed up. Use another backup.")
        (folder / "sent").mkdir(exist_ok=True)
        yield folder


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
