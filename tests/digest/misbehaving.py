"""Functions for the child process of tests, which imports only this module of the tests."""

import os
import time

from digest import isolation


def work_for_ever(body: bytes) -> bytes:
    while True:
        pass


def sleep(body: bytes) -> bytes:
    time.sleep(600)
    return body


def fill_memory(body: bytes) -> bytes:
    return bytes(4 * isolation.MEMORY)


def crash(body: bytes) -> bytes:
    os.abort()


def refuse(body: bytes) -> bytes:
    raise ValueError(f"no {body.decode()} ☹")


def environment(body: bytes) -> bytes:
    return "\n".join(os.environ).encode()


def backwards(body: bytes) -> bytes:
    return body[::-1]
