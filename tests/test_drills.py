"""Drills that fail beside others are repeated alone, and count as failed if they fail again."""

import pytest

from tests.drills.__main__ import run
from tests.drills.registry import DRILLS, Context, Drill, Outcome

GOOD, BAD = Outcome(alert_after=1, recovered_after=2), Outcome(failed="too late")
NAMES = {"one": "site", "two": "site", "three": "three"}  # the group of each


@pytest.fixture(autouse=True)
def drills(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(context: Context) -> Outcome:
        raise NotImplementedError

    for name, group in NAMES.items():
        monkeypatch.setitem(DRILLS, name, Drill(name, never, group))


class Groups:
    """A stand-in for the processes of drills: some fail beside others, and some whenever they run."""

    def __init__(self, *, beside_others: tuple[str, ...] = (), always: tuple[str, ...] = ()) -> None:
        self.beside_others, self.always = beside_others, always
        self.calls: list[list[str]] = []

    def __call__(self, names: list[str]) -> dict[str, Outcome]:
        is_first = len(self.calls) < 2  # there are two groups
        self.calls.append(names)
        bad = {*self.always, *(self.beside_others if is_first else ())}
        return {name: BAD if name in bad else GOOD for name in names}


def test_it_runs_each_group_once_if_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    groups = Groups()
    assert run(list(NAMES), groups, jobs=1) == []
    assert groups.calls == [["one", "two"], ["three"]]
    assert "again" not in capsys.readouterr().out


def test_it_repeats_a_failed_drill_alone_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    groups = Groups(beside_others=("two",))
    assert run(list(NAMES), groups, jobs=1) == []
    assert groups.calls[2:] == [["two"]]
    first, again = [line for line in capsys.readouterr().out.splitlines() if line.startswith("two")]
    assert "FAILED too late" in first
    assert again.endswith("ok (again, alone)")


def test_it_fails_if_a_drill_fails_again(capsys: pytest.CaptureFixture[str]) -> None:
    groups = Groups(beside_others=("one",), always=("three",))
    assert run(list(NAMES), groups, jobs=2) == ["three"]
    assert groups.calls[2:] == [["one"], ["three"]]
    assert "FAILED too late (again, alone)" in capsys.readouterr().out
