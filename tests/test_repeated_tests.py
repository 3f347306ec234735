"""A few tests that fail are repeated once, alone."""

from pathlib import Path

import pytest

from tests import __main__ as runner
from tests.legs import Leg

pytestmark = pytest.mark.slow  # each test runs pytest twice

FAILS_AT_FIRST = """
from pathlib import Path

def test_it():
    seen = Path(__file__).with_name("seen")
    is_first = not seen.exists()
    seen.touch()
    assert not is_first
"""
FAILS = "def test_it():\n    assert False\n"
FOUR_FAIL = "import pytest\n\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n):\n    assert False\n"


def run(folder: Path, code: str) -> runner.Report:
    module = folder / "test_sample.py"
    module.write_text(code)
    unused = [f"-pno:{plugin}" for plugin in ("django", "schemathesis", "hypothesispytest")]  # they load for seconds
    alone = ["-c/dev/null", f"--rootdir={folder}", "-o", f"cache_dir={folder}/cache", *unused]
    report = runner.start(Leg("Sample", ""), [str(module), *alone], folder / "results", workers=0).wait()
    return runner.repeat(report, [str(module), *alone], folder)


def test_a_test_that_passes_alone_is_named_in_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path, FAILS_AT_FIRST)
    assert report.code == 0
    runner.summarize([report], "", everything=True)
    assert "Failed once, and passed when repeated alone: test_it" in capsys.readouterr().out


@pytest.mark.parametrize("code", [FAILS, FOUR_FAIL])
def test_tests_that_fail_again_or_are_many_fail_the_run(tmp_path: Path, code: str) -> None:
    assert run(tmp_path, code).code == runner.FAILED
