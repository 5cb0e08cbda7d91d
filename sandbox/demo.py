"""The demo's door: whether it can run, and where it keeps its files.

Its top imports the standard library alone, because what the show needs beyond the bot itself may not be installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path


async def demo(*, port: int, feeds: Sequence[str] = (), exit_after: float | None = None) -> None:
    """Run the demo on 127.0.0.1 until it is cancelled, or until ``exit_after`` seconds from now.

    ``feeds`` are shown besides its own. When it is cancelled it ends the bot and tells how many cards were posted,
    as it does at its end. Raises DemoFailed when none was or the bot ended badly, whose log is left to be read then,
    and when it cannot start: the port is taken, or the development group is missing.
    """
    from sandbox.errors import CANNOT_START, FAILED, DemoFailed

    if importlib.util.find_spec("simcord") is None:
        sentence = (
            "the demo needs the development group; in a copy of the project: `pip install uv && uv run bot.py demo`"
        )
        raise DemoFailed(sentence, CANNOT_START)
    from sandbox.show import play

    folder = Path(tempfile.mkdtemp(prefix="popcorn-demo-"))
    is_wanted = False
    try:
        await play(port, feeds, exit_after, folder)
    except DemoFailed as failure:
        is_wanted = failure.code == FAILED
        if not is_wanted:
            raise
        raise DemoFailed(f"{failure} The bot's log: {folder / 'bot.log'}") from failure
    finally:
        if not is_wanted:
            shutil.rmtree(folder)
