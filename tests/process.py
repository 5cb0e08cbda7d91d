"""The bot as its own process, started, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAST_SECONDS = 15.0  # a stop takes 10 at most; beyond that the process is killed and the test fails


class BotProcess:
    """``bot.py`` with an environment of its own, in a folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        } | environment
        self._process: asyncio.subprocess.Process | None = None
        self._log = folder / "bot.log"

    async def start(self, *words: str) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), *words, cwd=self._folder, env=self._environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def kill(self) -> None:
        """End the process as a power cut does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask the process to end, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        async with asyncio.timeout(LAST_SECONDS):
            return await self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None


@asynccontextmanager
async def bot_process(folder: Path, **environment: str) -> AsyncIterator[BotProcess]:
    """Start the bot, and end it whatever happens; its log is shown when the test fails."""
    bot = BotProcess(folder, **environment)
    await bot.start()
    try:
        yield bot
    except BaseException:
        print(bot.log)
        raise
    finally:
        if bot.running:
            await bot.kill()
