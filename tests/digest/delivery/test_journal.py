"""What a worker leaves behind when it dies, and what comes of it."""

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
    """A process that takes these steps with a journal, and is killed."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from digest.delivery.journal import Journal\nfrom digest.delivery.transports.outcomes import Outcome, Result\n"
        f"journal = Journal(Path({str(folder)!r}))\n" + "\n".join(steps) + "\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    assert died.returncode == -signal.SIGKILL


def test_it_tells_what_was_done_and_what_was_in_hand(tmp_path: Path) -> None:
    die(
        tmp_path,
        "journal.take_in_hand([7])",
        "journal.take_in_hand([8])",
        "journal.note(Outcome(7, Result.SENT, provider_id='4F2A', papers={'for_you': [[1, 2]]}))",
        "journal.take_in_hand([9])",
    )
    with left_behind(tmp_path) as found:
        assert [left.outcomes for left in found] == [[SENT]]
        assert list(found[0].in_hand) == [8, 9]
    assert list(tmp_path.iterdir()) == []


def test_it_tells_which_call_a_mail_was_in(tmp_path: Path) -> None:
    die(tmp_path, "journal.take_in_hand([7, 8], 'a-key')", "journal.take_in_hand([9])")
    with left_behind(tmp_path) as found:
        assert found[0].in_hand == {7: "a-key", 8: "a-key", 9: ""}


def test_it_tells_all_or_nothing_of_what_ended_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def write(file: int, data: bytes) -> int:
        written.append(data.count(b"\n"))
        return len(data)

    journal = Journal(tmp_path)
    monkeypatch.setattr(os, "write", write)
    journal.note(SENT, Outcome(8, Result.FAILED, "no such mailbox"))
    assert written == [2]


def test_it_leaves_the_journal_of_the_living_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with left_behind(tmp_path) as found:
        assert found == []
    journal.close()


def test_it_gives_an_abandoned_journal_to_whoever_comes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(SENT)
    journal.abandon()
    with left_behind(tmp_path) as found:
        assert found[0].outcomes == [SENT]


def test_it_keeps_a_journal_that_could_not_be_recorded(tmp_path: Path) -> None:
    die(tmp_path, "journal.take_in_hand([7])")
    with pytest.raises(RuntimeError), left_behind(tmp_path):
        raise RuntimeError("the database is away")
    with left_behind(tmp_path) as found:
        assert list(found[0].in_hand) == [7]


def test_it_forgets_what_is_recorded(tmp_path: Path) -> None:
    die(tmp_path, "journal.note(Outcome(7, Result.SENT))", "journal.clear()", "journal.take_in_hand([8])")
    with left_behind(tmp_path) as found:
        assert (found[0].outcomes, list(found[0].in_hand)) == ([], [8])


@pytest.mark.parametrize("torn", [b'[7,"sent","', b"[8", b'[8[7,"sent"]', b"\xff", b"[]", b"8", b"[8,"])
def test_it_reads_over_a_line_that_was_cut_off(tmp_path: Path, torn: bytes) -> None:
    die(tmp_path, "journal.take_in_hand([7])")
    (path,) = tmp_path.glob("*.journal")
    with path.open("ab") as file:
        file.write(torn + b"\n[9]\n")
    with left_behind(tmp_path) as found:
        assert list(found[0].in_hand) == [7, 9]


def test_it_leaves_a_journal_that_it_may_not_read_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    die(tmp_path, "journal.take_in_hand([7])")
    die(tmp_path, "journal.take_in_hand([8])")
    [foreign, own] = sorted(tmp_path.iterdir())
    told = foreign.read_bytes()
    open_any = os.open

    def open_own(path: Path, flags: int) -> int:
        if path == foreign:
            raise PermissionError
        return open_any(path, flags)

    monkeypatch.setattr(os, "open", open_own)
    for workers in ([own.stem.rpartition(".")[0]], []):
        with left_behind(tmp_path) as found:
            assert [left.worker for left in found] == workers
    assert foreign.read_bytes() == told
    assert [record.message.partition(" by ")[0] for record in caplog.records] == [f"{foreign} can't be read"]


def test_it_says_so_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:1]))
    with pytest.raises(OSError, match="No space"):
        journal.take_in_hand([12])
    monkeypatch.undo()
    journal.take_in_hand([34])
    journal.abandon()
    with left_behind(tmp_path) as found:
        assert list(found[0].in_hand) == [34]
