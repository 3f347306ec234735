"""A stub of a language model that answers from judgements: `python -m benchmarks.judge_server FILE --papers DIR`

It has OpenAI's API for chats, for `manage.py evaluate_matching --judge`. It answers “yes” if the graders wanted the
paper. With `--errors 0.1`, one answer in ten is wrong, always the same ones. If interests with the same topic were
graded differently, the majority decides.

    python -m benchmarks.judge_server FILE --papers DIR --errors 0.08 --port 8172
    JUDGE_API_URL=http://127.0.0.1:8172/v1 manage.py evaluate_matching FILE --papers DIR --judge
"""

import argparse
import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import fmean

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from digest.personalization.evaluation import evaluator  # noqa: E402


class Grader:
    """The grades in `judgements` for the recorded papers in `folder`, and a share of wrong answers."""

    def __init__(self, judgements: Path, folder: Path, errors: float) -> None:
        trial = evaluator.prepare(judgements, folder, cache=settings.VAR_DIR / "evaluation.npz")
        self._keys = {paper.title: paper.key for paper in trial.index.papers}
        self._grades: dict[str, list[dict[str, int]]] = {}
        self._errors = errors
        for judged, queries in trial.asked:
            for query in queries.values():
                for interest in query.narrower or (query,):
                    self._grades.setdefault(interest.description, []).append(judged.grades)

    def answer(self, asked: dict[str, str]) -> str:
        key, interest = self._keys[asked["title"]], asked["interest"]
        fits = fmean(grades.get(key, 0) > 0 for grades in self._grades[interest]) >= 0.5
        is_wrong = random.Random(f"{interest} {key}").random() < self._errors
        return "yes" if fits != is_wrong else "no"


def serve(grader: Grader, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = grader.answer(json.loads(request["messages"][1]["content"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"choices": [{"message": {"content": content}}]}).encode())

        def log_message(self, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("judgements", type=Path)
    parser.add_argument("--papers", type=Path, required=True)
    parser.add_argument("--errors", type=float, default=0.0, help="the share of wrong answers")
    parser.add_argument("--port", type=int, default=8172)
    given = parser.parse_args()
    server = serve(Grader(given.judgements, given.papers, given.errors), given.port)
    print(f"JUDGE_API_URL=http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
