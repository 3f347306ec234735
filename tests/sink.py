"""An SMTP server on loopback that keeps the emails it accepts, and fails as a script says.

With a `tls` context it offers STARTTLS, or encrypts from the start (`tls_at_once`). With a `login` (user, password) it
requires authentication, and offers that only on an encrypted connection.

The server calls the script at each stage (greeting, STARTTLS, MAIL, RCPT, DATA, content). It returns what to do:

    ""             act as a healthy server
    "450 4.2.0 …"  send this reply; after a 421, close the connection
    "drop"         close the connection without a reply
    "swallow"      at content: accept the email, then close the connection without a reply
    "stall 3"      wait for three seconds, then continue
"""

import asyncio
import base64
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

Script = Callable[[str, "Received"], str]

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


@dataclass
class Received:
    """An email as received so far. `began_at` is in seconds, from `time.time`."""

    connection: int
    sender: str = ""
    recipient: str = ""
    began_at: float = 0.0
    content: bytes = b""
    is_encrypted: bool = False

    @property
    def message_id(self) -> str:
        found = _MESSAGE_ID.search(self.content)
        return found[1].decode() if found else ""


def healthy(stage: str, mail: Received) -> str:
    return ""


@dataclass
class Sink:
    """The server. It runs inside its `with` block, in its own thread."""

    script: Script = healthy
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
    keep: Callable[[Received], object] | None = None  # called with each email before the reply
    port: int = 0
    remembers: bool = True  # whether to add emails to `mails`
    tls: ssl.SSLContext | None = None
    tls_at_once: bool = False
    login: tuple[str, str] | None = None
    mails: list[Received] = field(default_factory=list)
    connections: int = 0
    clear_text: list[str] = field(default_factory=list)  # the lines that clients sent unencrypted

    def __enter__(self) -> "Sink":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # The loop runs in that thread because the shared browser already runs one in this thread.
        tls = self.tls if self.tls_at_once else None
        opening = asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512, limit=2**22, ssl=tls)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(timeout=60)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def _stop(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Session(self, self.connections, reader, writer).run()
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError, _OverError):
            pass
        finally:
            writer.close()


class _OverError(Exception):
    """The signal to close the connection."""


class _Session:
    def __init__(self, sink: Sink, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sink, self._reader, self._writer = sink, reader, writer
        self._mail = Received(number)
        self._is_encrypted = sink.tls_at_once
        self._is_logged_in = sink.login is None

    async def run(self) -> None:
        await self._answer("greeting", "220 sink")
        while line := await self._reader.readline():
            if not self._is_encrypted:
                self._sink.clear_text.append(line.decode().strip())
            await self._do(line.decode().strip())

    async def _do(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            lines = ["sink", *self._extensions()]
            await self._reply("\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines))
        elif verb == "STAR" and "STARTTLS" in self._extensions():
            await self._encrypt()
        elif verb == "AUTH" and "AUTH PLAIN" in self._extensions():
            await self._log_in(line)
        elif not self._is_logged_in and verb in ("MAIL", "RCPT", "DATA"):
            await self._reply("530 5.7.0 Authentication required")
        elif verb == "MAIL":
            number, encrypted = self._mail.connection, self._is_encrypted
            self._mail = Received(number, _within(line), began_at=time.time(), is_encrypted=encrypted)
            await self._answer("MAIL", "250 2.1.0 Ok")
        elif verb == "RCPT":
            self._mail.recipient = _within(line)
            if not await self._answer("RCPT", "250 2.1.5 Ok"):
                self._mail.recipient = ""
        elif verb == "DATA" and not self._mail.recipient:
            await self._reply("503 5.5.1 No recipient")
        elif verb == "DATA":
            if await self._answer("DATA", "354 Go on"):
                await self._take()
        elif verb == "QUIT":
            await self._reply("221 Bye")
            raise _OverError
        else:
            await self._reply("250 Ok" if verb in ("RSET", "NOOP", "HELO") else "500 5.5.2 What?")

    def _extensions(self) -> list[str]:
        may_encrypt = ["STARTTLS"] if self._sink.tls and not self._is_encrypted else []
        may_log_in = ["AUTH PLAIN"] if self._sink.login and self._is_encrypted else []
        return [*may_encrypt, *may_log_in, *self._sink.extensions]

    async def _encrypt(self) -> None:
        if await self._answer("STARTTLS", "220 2.0.0 Go on") and self._sink.tls:
            await self._writer.start_tls(self._sink.tls)
            self._is_encrypted = True

    async def _log_in(self, line: str) -> None:
        _, *login = base64.b64decode(line.split()[2]).decode().split("\0")
        self._is_logged_in = tuple(login) == self._sink.login
        await self._reply("235 2.7.0 Ok" if self._is_logged_in else "535 5.7.8 Authentication failed")

    async def _take(self) -> None:
        content = await self._reader.readuntil(b"\r\n.\r\n")
        self._mail.content = content[:-3].replace(b"\r\n..", b"\r\n.")
        action = self._sink.script("content", self._mail)
        if action in ("", "swallow") or action.startswith("stall"):
            if self._sink.keep:
                self._sink.keep(self._mail)
            if self._sink.remembers:
                self._sink.mails.append(self._mail)
        await self._follow("drop" if action == "swallow" else action, "250 2.0.0 Ok: queued as 4F2A1B")

    async def _answer(self, stage: str, normally: str) -> bool:
        return await self._follow(self._sink.script(stage, self._mail), normally)

    async def _follow(self, action: str, normally: str) -> bool:
        """Do what the script says. Return whether that is what a healthy server does."""
        if action == "drop":
            raise _OverError
        if action.startswith("stall"):
            await asyncio.sleep(float(action.split()[1]))
            action = ""
        await self._reply(action or normally)
        if action.startswith("421"):
            raise _OverError
        return not action

    async def _reply(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()


def _within(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
