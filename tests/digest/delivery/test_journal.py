"""The journal of a worker, and what is read from it after the worker has died."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digest.delivery.journal import Journal, left_behind
from digest.delivery.transports.outcomes import Outcome, Result

SENT = Outcome(7, Result.SENT, provider_id="4F2A", papers={"for_you": [[1, 2]]})


def die(folder: Path, *steps: str) -> None:
    """Run a process that executes these steps with a journal and is then killed."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from digest.delivery.journal import Journal\nfrom digest.delivery.transports.outcomes import Outcome, Result\n"
        f"journal = Journal(Path({str(folder)!r}))\n" + "\n".join(steps) + "\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    assert died.returncode == -signal.SIGKILL


def test_it_shows_what_was_done_and_what_was_in_flight(tmp_path: Path) -> None:
    die(
        tmp_path,
        "journal.add_in_flight([7])",
        "journal.add_in_flight([8])",
        "journal.add_outcomes(Outcome(7, Result.SENT, provider_id='4F2A', papers={'for_you': [[1, 2]]}))",
        "journal.add_in_flight([9])",
    )
    with left_behind(tmp_path) as found:
        assert [contents.outcomes for contents in found] == [[SENT]]
        assert list(found[0].in_flight) == [8, 9]
    assert list(tmp_path.iterdir()) == []


def test_it_shows_the_call_of_each_email(tmp_path: Path) -> None:
    die(tmp_path, "journal.add_in_flight([7, 8], 'a-key')", "journal.add_in_flight([9])")
    with left_behind(tmp_path) as found:
        assert found[0].in_flight == {7: "a-key", 8: "a-key", 9: ""}


def test_it_writes_outcomes_that_came_together_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def write(file: int, data: bytes) -> int:
        written.append(data.count(b"\n"))
        return len(data)

    journal = Journal(tmp_path)
    monkeypatch.setattr(os, "write", write)
    journal.add_outcomes(SENT, Outcome(8, Result.FAILED, "no such mailbox"))
    assert written == [2]


def test_it_does_not_touch_the_journal_of_a_live_worker(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with left_behind(tmp_path) as found:
        assert found == []
    journal.close()


def test_an_abandoned_journal_can_be_recovered(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add_outcomes(SENT)
    journal.abandon()
    with left_behind(tmp_path) as found:
        assert found[0].outcomes == [SENT]


def test_it_keeps_a_journal_that_could_not_be_recorded(tmp_path: Path) -> None:
    die(tmp_path, "journal.add_in_flight([7])")
    with pytest.raises(RuntimeError), left_behind(tmp_path):
        raise RuntimeError("the database is away")
    with left_behind(tmp_path) as found:
        assert list(found[0].in_flight) == [7]


def test_it_forgets_recorded_outcomes(tmp_path: Path) -> None:
    die(tmp_path, "journal.add_outcomes(Outcome(7, Result.SENT))", "journal.clear()", "journal.add_in_flight([8])")
    with left_behind(tmp_path) as found:
        assert (found[0].outcomes, list(found[0].in_flight)) == ([], [8])


@pytest.mark.parametrize("torn", [b'[7,"sent","', b"[8", b'[8[7,"sent"]', b"\xff", b"[]", b"8", b"[8,"])
def test_it_skips_a_line_that_was_cut_off(tmp_path: Path, torn: bytes) -> None:
    die(tmp_path, "journal.add_in_flight([7])")
    (path,) = tmp_path.glob("*.journal")
    with path.open("ab") as file:
        file.write(torn + b"\n[9]\n")
    with left_behind(tmp_path) as found:
        assert list(found[0].in_flight) == [7, 9]


def test_it_logs_once_that_it_may_not_read_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    die(tmp_path, "journal.add_in_flight([7])")
    die(tmp_path, "journal.add_in_flight([8])")
    [foreign, own] = sorted(tmp_path.iterdir())
    content = foreign.read_bytes()
    open_any = os.open

    def open_own(path: Path, flags: int) -> int:
        if path == foreign:
            raise PermissionError
        return open_any(path, flags)

    monkeypatch.setattr(os, "open", open_own)
    for workers in ([own.stem.rpartition(".")[0]], []):
        with left_behind(tmp_path) as found:
            assert [contents.worker for contents in found] == workers
    assert foreign.read_bytes() == content
    [message] = [record.message for record in caplog.records]
    assert str(foreign) in message


def test_it_raises_an_error_if_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:1]))
    with pytest.raises(OSError, match="No space"):
        journal.add_in_flight([12])
    monkeypatch.undo()
    journal.add_in_flight([34])
    journal.abandon()
    with left_behind(tmp_path) as found:
        assert list(found[0].in_flight) == [34]
