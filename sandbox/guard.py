"""Keeps other web pages and other machines out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web


def is_loopback(host: str) -> bool:
    """Whether a host, as an address names it, is this machine. Browsers take each name under localhost for it."""
    return host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")


@web.middleware
async def only_this_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse requests that a page elsewhere made a browser send.

    The Host must be ours, so that no name of a stranger's can be made to point here, and an Origin, which
    browsers send and bots do not, must be our own page.
    """
    own = f"{request.url.scheme}://{request.host}"
    if not is_loopback(request.url.host or "") or request.headers.get("Origin", own) != own:
        raise web.HTTPForbidden(text="The sandbox talks to this machine only.")
    return await handler(request)
