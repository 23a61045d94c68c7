"""The frames of a WebSocket (RFC 6455), as far as a server needs them that only tells.

A frame is made once for everybody. What clients send is read for its control frames; nobody is
asked to say anything else, so that is skipped.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL = 0x80
MASKED = 0x80
CONTROL = 0x8
LONGEST_CONTROL = 125
LONGEST_RECEIVED = 4096
"""Bytes of a client's frame."""

NORMAL, PROTOCOL_ERROR, TOO_BIG, SERVICE_RESTART = 1000, 1002, 1009, 1012


class Frame(NamedTuple):
    """A frame of a client, unmasked."""

    opcode: int
    payload: bytes
    end: int
    """Where the next frame begins."""


class ProtocolError(Exception):
    """A client sent what no client may send; `code` is what its socket is closed with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def framed(opcode: int, payload: bytes) -> bytes:
    """A whole message in one unmasked frame, as servers send it."""
    size = len(payload)
    if size <= LONGEST_CONTROL:
        header = bytes((FINAL | opcode, size))
    elif size < 1 << 16:
        header = bytes((FINAL | opcode, 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((FINAL | opcode, 127)) + size.to_bytes(8, "big")
    return header + payload


def closing(code: int, reason: str = "") -> bytes:
    """The frame that ends a conversation."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return framed(CLOSE, payload[:LONGEST_CONTROL])


A_PING: Final = framed(PING, b"")


def next_frame(received: bytes, begin: int = 0) -> Frame | None:
    """The client's frame that begins there; None while a part of it is missing.

    Raises ProtocolError for what no client may send, and for a frame that is too long.
    """
    if len(received) < begin + 2:
        return None
    first, second = received[begin], received[begin + 1]
    opcode, size, place = first & 0x0F, second & 0x7F, begin + 2
    if first & 0x70 or not second & MASKED or opcode not in _OPCODES:
        raise ProtocolError(PROTOCOL_ERROR)
    if opcode & CONTROL and (size > LONGEST_CONTROL or not first & FINAL):
        raise ProtocolError(PROTOCOL_ERROR)
    if size > LONGEST_CONTROL:
        width = 2 if size == 126 else 8
        if len(received) < place + width:
            return None
        size, place = int.from_bytes(received[place : place + width], "big"), place + width
    if size > LONGEST_RECEIVED:
        raise ProtocolError(TOO_BIG)
    end = place + 4 + size
    if len(received) < end:
        return None
    return Frame(opcode, _unmasked(received[place + 4 : end], received[place : place + 4]), end)


_OPCODES = {CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    unmasked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return unmasked.to_bytes(size, "big")
