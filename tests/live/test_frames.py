"""Frames, beside those that another library makes of the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from broker.live import frames

CLIENTS = st.lists(
    st.tuples(st.sampled_from([Opcode.TEXT, Opcode.PING, Opcode.PONG]), st.binary(max_size=125))
)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_message_of_any_size(size):
    payload = b"x" * size
    theirs = Frame(Opcode.TEXT, payload).serialize(mask=False)
    assert frames.framed(frames.TEXT, payload) == theirs


def read(received: bytes) -> list[tuple[int, bytes]]:
    found, begin = [], 0
    while frame := frames.next_frame(received, begin):
        found.append((frame.opcode, frame.payload))
        begin = frame.end
    return found


@given(CLIENTS, st.integers(min_value=0))
def test_what_clients_say_and_no_frame_before_it_is_complete(said, cut):
    wire = [Frame(opcode, payload).serialize(mask=True) for opcode, payload in said]
    cut %= len(b"".join(wire)) + 1
    complete = [
        said[number] for number in range(len(said)) if sum(map(len, wire[: number + 1])) <= cut
    ]
    assert read(b"".join(wire)[:cut]) == complete


@pytest.mark.parametrize(
    ("received", "code"),
    [
        (b"\x81\x01a", frames.PROTOCOL_ERROR),
        (b"\xc1\x80", frames.PROTOCOL_ERROR),
        (b"\x83\x80", frames.PROTOCOL_ERROR),
        (b"\x09\x80", frames.PROTOCOL_ERROR),
        (b"\x89\xfe\x00\x7e", frames.PROTOCOL_ERROR),
        (b"\x82\xfe\x10\x01", frames.TOO_BIG),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", frames.TOO_BIG),
    ],
    ids=["unmasked", "extension", "unknown", "ping in parts", "long ping", "4097 bytes", "8 EiB"],
)
def test_what_no_client_may_send(received, code):
    with pytest.raises(frames.ProtocolError) as refused:
        frames.next_frame(received)
    assert refused.value.code == code
