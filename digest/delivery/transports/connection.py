"""One non-blocking SMTP connection, driven by the replies of the server."""

import ssl
import time
from contextlib import suppress
from typing import cast

from digest.delivery.transports import Mail
from digest.delivery.transports.handshake import open_socket
from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.reply_codes import ReplyMeaning, classify_reply

ANSWER_WITHIN = 30.0  # seconds, for a command
ACCEPT_WITHIN = 300.0  # seconds, for a message: content filters take their time, and giving up early means a duplicate
IDLE = 60.0  # seconds after which the server may have forgotten a connection

_EXPECTED = {"MAIL": "25", "RCPT": "25", "DATA": "35", "content": "25"}
_WAITING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A connection that sends one email at a time.

    Call `start_mail`, and then `advance` whenever the selector reports the socket, until it returns a result.
    """

    def __init__(self) -> None:
        """Connect, encrypt and log in. Raise CannotOpenError if that fails."""
        self.mail: Mail | None = None
        self.accepted = 0
        self.is_dead = False
        self._socket, self._pipelines = open_socket()
        self._in = self._out = self._content = b""
        self._commands: list[bytes] = []
        self._stages: list[str] = []  # still without a reply
        self._deadline = self._used_at = time.monotonic()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    @property
    def is_late(self) -> bool:
        return self.mail is not None and time.monotonic() > self._deadline

    @property
    def is_stale(self) -> bool:
        """Return whether it has been idle for so long that the server may have forgotten it."""
        return time.monotonic() - self._used_at > IDLE

    def start_mail(self, mail: Mail) -> None:
        self.mail, self._content = mail, cast(bytes, mail.message)
        commands = [f"MAIL FROM:<{mail.sender}>\r\n", f"RCPT TO:<{mail.address}>\r\n", "DATA\r\n"]
        self._commands = [command.encode() for command in commands]
        if self._pipelines:  # send all in one write
            self._commands = [b"".join(self._commands), b"", b""]
        self._stages = ["MAIL", "RCPT", "DATA"]
        self._send(self._commands.pop(0), ANSWER_WITHIN)

    def advance(self) -> ReplyMeaning | None:
        """Write and read what is possible now. Return how the current email ended, or None if it has not.

        Use the connection again only if the email was accepted and the connection is not dead (`is_dead`).
        """
        try:
            self._write()
            data = self._read()
        except OSError as error:
            return self.give_up(f"The connection to the mail server failed: {error.strerror or error}")
        if data == b"":
            return self.give_up("The mail server closed the connection")
        self._in += data or b""
        while (reply := self._next_reply()) is not None:
            ending = self._handle_reply(*reply)
            if ending is not None:
                return ending
        return None

    def give_up(self, reason: str) -> ReplyMeaning | None:
        """End the connection. Return what that means for the current email, or None if there is none."""
        self.is_dead = True
        if self.mail is None:
            return None
        # After the final dot the server may have accepted the email; before it, it cannot have.
        is_complete = self._stages == ["content"] and not self._out
        return ReplyMeaning(Result.UNCERTAIN if is_complete else Result.REOFFER, reason)

    def close(self) -> None:
        try:
            if self.mail is None and not self.is_dead:
                self._socket.send(b"QUIT\r\n")
        except OSError:
            pass
        finally:
            self._socket.close()

    def _handle_reply(self, code: int, text: str) -> ReplyMeaning | None:
        if not self._stages:  # an unexpected reply: the server is about to close the connection
            self.is_dead = True
            return None
        stage = self._stages.pop(0)
        if not str(code).startswith(_EXPECTED[stage]):
            self.is_dead = True
            return classify_reply(stage, code, text)
        if stage == "content":
            self.mail, self.accepted = None, self.accepted + 1
            return ReplyMeaning(Result.SENT, text)
        if stage == "DATA":
            self._stages = ["content"]
            self._send(self._content + b".\r\n", ACCEPT_WITHIN)
        else:
            self._send(self._commands.pop(0), ANSWER_WITHIN)
        return None

    def _send(self, data: bytes, answer_within: float) -> None:
        self._used_at = time.monotonic()
        self._deadline = self._used_at + answer_within
        if data:
            self._out += data
            with suppress(OSError):  # the next read reports the error, after any reply that came before it
                self._write()

    def _write(self) -> None:
        while self._out:
            try:
                sent = self._socket.send(self._out)
            except _WAITING:
                return
            self._out = self._out[sent:]

    def _read(self) -> bytes | None:
        """Return the data received, None if there is none yet, or b"" at the end of the connection."""
        try:
            data = self._socket.recv(65536)
            while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                data += self._socket.recv(65536)  # already decrypted, so no selector reports it
            return data
        except _WAITING:
            return None

    def _next_reply(self) -> tuple[int, str] | None:
        """Return the next complete reply, with its lines joined, or None."""
        lines, start = [], 0
        while (end := self._in.find(b"\n", start)) >= 0:
            line, start = self._in[start:end].rstrip().decode("utf-8", "replace"), end + 1
            lines.append(line[4:])
            if line[3:4] != "-":
                self._in = self._in[start:]
                return (int(line[:3]) if line[:3].isdecimal() else 500), " ".join(lines)
        return None
