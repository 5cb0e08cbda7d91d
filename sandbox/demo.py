"""The demo's door: whether it can run, where it keeps its files, and how it ended.

Its top imports the standard library alone, because what the show needs beyond the bot itself may not be installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path


async def demo(*, port: int, feeds: Sequence[str] = (), exit_after: float | None = None) -> int:
    """Run the demo on 127.0.0.1 until Ctrl-C, SIGTERM, or ``exit_after`` seconds from now.

    ``feeds`` are shown besides its own. Returns 0 when cards were posted and the bot ended well, 1 when not, and 2
    when it cannot start: the port is taken, or the development group is missing. Says why on stderr.
    """
    if importlib.util.find_spec("simcord") is None:
        return _because("the demo needs the development group: `uv sync`, or `pip install --group dev`", 2)
    from sandbox.show import DemoFailed, PortTaken, play

    folder = Path(tempfile.mkdtemp(prefix="popcorn-demo-"))
    try:
        await play(port, feeds, exit_after, folder)
    except DemoFailed as failure:
        return _because(f"{failure} The bot's log: {folder / 'bot.log'}", 1)
    except PortTaken as taken:
        shutil.rmtree(folder)
        return _because(f"port {port} can't be used ({taken}). Choose another one with --port.", 2)
    shutil.rmtree(folder)
    return 0


def _because(sentence: str, code: int) -> int:
    print(f"popcorn: {sentence}", file=sys.stderr, flush=True)
    return code
