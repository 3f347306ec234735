"""One SMTP connection that is driven by whatever the server says, and waits for nobody."""

import ssl
import time
from contextlib import suppress
from typing import cast

from digest.delivery.transports import Mail
from digest.delivery.transports.handshake import open_socket
from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.reply_codes import ReplyMeaning, classify_reply

ANSWER_WITHIN = 30.0  # seconds, for commands
ACCEPT_WITHIN = 300.0  # seconds, for a mail: content filters take their time, and giving up early means a twin
IDLE = 60.0  # seconds after which a connection is not trusted any more

_EXPECTED = {"MAIL": "25", "RCPT": "25", "DATA": "35", "content": "25"}
_WAITING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """Hands over one mail at a time: `begin`, then `go_on` whenever a selector says so, until it returns a verdict."""

    def __init__(self) -> None:
        """Connect, encrypt, log in. Raises CannotOpenError."""
        self.mail: Mail | None = None
        self.accepted = 0
        self.is_dead = False
        self._socket, self._pipelines = open_socket()
        self._in = self._out = self._content = b""
        self._commands: list[bytes] = []
        self._stages: list[str] = []  # those whose answer is still to come
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
        """Whether it has been idle for so long that the server may have forgotten it."""
        return time.monotonic() - self._used_at > IDLE

    def start_mail(self, mail: Mail) -> None:
        self.mail, self._content = mail, cast(bytes, mail.message)
        commands = [f"MAIL FROM:<{mail.sender}>\r\n", f"RCPT TO:<{mail.address}>\r\n", "DATA\r\n"]
        self._commands = [command.encode() for command in commands]
        if self._pipelines:  # all in one write
            self._commands = [b"".join(self._commands), b"", b""]
        self._stages = ["MAIL", "RCPT", "DATA"]
        self._say(self._commands.pop(0), ANSWER_WITHIN)

    def go_on(self) -> ReplyMeaning | None:
        """Write and read what is possible now; how the mail in hand ended, if it did.

        Unless it was accepted, or while it `is_dead`, the connection is not to be used again.
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
            verdict = self._hear(*reply)
            if verdict is not None:
                return verdict
        return None

    def give_up(self, reason: str) -> ReplyMeaning | None:
        """The connection is over: what that means for the mail in hand."""
        self.is_dead = True
        if self.mail is None:
            return None
        # Once the final dot has left nobody can know; before that the server has no mail to deliver.
        is_complete = self._stages == ["content"] and not self._out
        return ReplyMeaning(Result.UNCERTAIN if is_complete else Result.AGAIN, reason)

    def close(self) -> None:
        try:
            if self.mail is None and not self.is_dead:
                self._socket.send(b"QUIT\r\n")
        except OSError:
            pass
        finally:
            self._socket.close()

    def _hear(self, code: int, text: str) -> ReplyMeaning | None:
        if not self._stages:  # a farewell that nobody asked for: the end of the connection follows
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
            self._say(self._content + b".\r\n", ACCEPT_WITHIN)
        else:
            self._say(self._commands.pop(0), ANSWER_WITHIN)
        return None

    def _say(self, data: bytes, answer_within: float) -> None:
        self._used_at = time.monotonic()
        self._deadline = self._used_at + answer_within
        if data:
            self._out += data
            with suppress(OSError):  # reading tells, and with it what the server may have said before it went
                self._write()

    def _write(self) -> None:
        while self._out:
            try:
                sent = self._socket.send(self._out)
            except _WAITING:
                return
            self._out = self._out[sent:]

    def _read(self) -> bytes | None:
        """What came; None: nothing yet; empty: the end."""
        try:
            data = self._socket.recv(65536)
            while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                data += self._socket.recv(65536)  # decrypted already: no selector would tell
            return data
        except _WAITING:
            return None

    def _next_reply(self) -> tuple[int, str] | None:
        """The next whole reply, its lines joined."""
        lines, at = [], 0
        while (end := self._in.find(b"\n", at)) >= 0:
            line, at = self._in[at:end].rstrip().decode("utf-8", "replace"), end + 1
            lines.append(line[4:])
            if line[3:4] != "-":
                self._in = self._in[at:]
                return (int(line[:3]) if line[:3].isdecimal() else 500), " ".join(lines)
        return None
