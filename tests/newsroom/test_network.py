from __future__ import annotations

import socket

import aiohttp
import pytest

from newsroom.network import is_network_error, never_connected


async def test_a_request_without_a_connection_surely_never_left():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError) as failed:
                await session.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")

    assert never_connected(failed.value)


def test_an_answer_that_was_lost_or_took_too_long_may_have_left():
    assert not never_connected(aiohttp.ServerDisconnectedError())
    assert not never_connected(aiohttp.ClientOSError())
    assert not never_connected(TimeoutError())
    assert not never_connected(aiohttp.SocketTimeoutError())
    assert never_connected(aiohttp.ConnectionTimeoutError())


def test_only_what_happens_on_the_way_is_an_error_of_the_network():
    assert is_network_error(aiohttp.ServerDisconnectedError())
    assert is_network_error(ConnectionResetError())
    assert is_network_error(TimeoutError())
    assert not is_network_error(ValueError())
