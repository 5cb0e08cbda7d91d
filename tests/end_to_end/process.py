"""The bot as its own process, started, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LAST_SECONDS = 15.0  # a stop takes 10 at most; beyond that the process is killed and the test fails


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class BotProcess:
    """``bot.py`` with an environment of its own, in a folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        } | environment
        self._process: asyncio.subprocess.Process | None = None
        self._out, self._log = folder / "bot.out", folder / "bot.log"

    async def start(self, *words: str) -> None:
        with self._out.open("ab") as out, self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), *words, cwd=self._folder, env=self._environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def kill(self) -> None:
        """End the process as a power cut does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def send(self, number: int) -> None:
        """Send a signal to the bot and all its worker processes, as a terminal does for Ctrl-C."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask the process to end, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return await self.wait()

    async def wait(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        assert self._process is not None
        async with asyncio.timeout(LAST_SECONDS):
            return await self._process.wait()

    def children(self) -> list[psutil.Process]:
        """The worker processes, and those that start them."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    @property
    def out(self) -> str:
        """What it printed."""
        return self._out.read_text() if self._out.exists() else ""

    @property
    def log(self) -> str:
        """What it logged."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None


@asynccontextmanager
async def bot_process(folder: Path, *words: str, **environment: str) -> AsyncIterator[BotProcess]:
    """Start the bot, and end it whatever happens; its log is shown when the test fails."""
    bot = BotProcess(folder, **environment)
    await bot.start(*words)
    try:
        yield bot
    except BaseException:
        print(bot.log)
        raise
    finally:
        if bot.running:
            await bot.kill()


async def run_bot(folder: Path, *words: str, **environment: str) -> Ended:
    """Run a command that ends by itself, and return what it alone wrote."""
    for written in ("bot.out", "bot.log"):
        (folder / written).unlink(missing_ok=True)
    async with bot_process(folder, *words, **environment) as bot:
        code = await bot.wait()
        return Ended(code, bot.out, bot.log)
