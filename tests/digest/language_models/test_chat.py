"""The client of servers with OpenAI's API for chats."""

import pytest

from digest.language_models.chat import AnswerError, Server, ServerError, ask, read_answer
from tests.chat_server import ChatServer, reply


def test_it_sends_instructions_and_data_in_separate_messages() -> None:
    with ChatServer(lambda _asked: "yes").running() as server:
        asked = Server(server.url, "secret", "a-model", timeout=5)
        assert ask(asked, "Say yes.", {"title": "Ünïcode"}, max_tokens=7) == "yes"
    (request,) = server.requests
    assert request == {
        "model": "a-model",
        "messages": [
            {"role": "system", "content": "Say yes."},
            {"role": "user", "content": '{"title": "Ünïcode"}'},
        ],
        "max_tokens": 7,
        "temperature": 0,
    }
    assert server.keys == ["Bearer secret"]


def test_it_leaves_out_the_reasoning() -> None:
    assert read_answer(reply("<think>Let me see.</think>yes")) == "yes"


@pytest.mark.parametrize("content", [7, None, "a" * 60_000])
def test_it_refuses_answers_without_text_or_with_too_much(content: object) -> None:
    with pytest.raises(AnswerError):
        read_answer(reply(content))


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[" * 99_000]
)
def test_garbage_is_an_error_of_the_server(answer: bytes) -> None:
    with pytest.raises(ServerError):
        read_answer(answer)


def test_it_stops_reading_an_endless_answer() -> None:
    with ChatServer(lambda _asked: b"x" * 1_000_000).running() as server, pytest.raises(ServerError, match="longer"):
        ask(Server(server.url, "", "", timeout=5), "", {}, max_tokens=7)
