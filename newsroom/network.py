"""What a failed request on the way to Discord tells us of its fate.

discord.py lets the errors of aiohttp through as they are; cogs ask here what they mean.
"""

from __future__ import annotations

import aiohttp


def never_connected(error: BaseException) -> bool:
    """Whether a request surely never left: no name, no connection, no TLS, so not a byte of it was sent."""
    return isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def is_network_error(error: BaseException) -> bool:
    """Whether a request broke off on its way, so that nobody knows what became of it."""
    return isinstance(error, aiohttp.ClientError | OSError | TimeoutError)
