"""What the operator reads while the bot runs: one line for each event on stderr, as text or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

STARS = "***"

# Titles and addresses come from strangers: none may forge a line or speak to the operator's terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {0x0A: "\\n", 0x0D: "\\r"}
_CONTROLS_IN_TRACEBACK = {code: shown for code, shown in _CONTROLS.items() if code not in (0x09, 0x0A)}


def set_up_logging(level: str, format: Literal["text", "json"], secrets: Sequence[str] = ()) -> None:
    """Send everything that is logged in this process, discord.py's lines included, to stderr.

    ``level`` is a name such as INFO. Each of ``secrets`` is replaced by stars wherever it would appear: in a
    message, in its arguments, in a traceback. Called again, it replaces what it set up before.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(secrets) if format == "json" else TextFormatter(secrets))
    if level != "DEBUG":
        handler.addFilter(_outage_in_a_line)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It tells of its own parts at each migration, which means nothing to an operator.
    logging.getLogger("alembic").setLevel("WARNING")
    # These tell of every request to a language model, with its address.
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel("WARNING")


def _outage_in_a_line(record: logging.LogRecord) -> bool:
    """Let an outage of Discord be told in a line: discord.py logs a traceback whenever it tries again, ever longer."""
    if record.name == "discord.shard" and record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", ()
        record.exc_info = None
    return True


class TextFormatter(logging.Formatter):
    """A line for people, in UTC, followed by the traceback if there is one."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        # The longest first, because one secret may be part of another.
        self.secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.time(record):%Y-%m-%d %H:%M:%S} {record.levelname:<8} {record.name}: {self.message(record)}"
        error = self.error(record)
        return f"{line}\n{error}" if error else line

    def time(self, record: logging.LogRecord) -> datetime:
        return datetime.fromtimestamp(record.created, UTC)

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments, on one line and without secrets."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A wrong log call: logging itself would print the arguments as they are.
            message = f"{record.msg} {record.args!r}"
        return self.redacted(message).translate(_CONTROLS)

    def error(self, record: logging.LogRecord) -> str:
        """The traceback and the stack that came with the record, without secrets; empty when none did."""
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        if record.stack_info:
            parts.append(record.stack_info)
        return self.redacted("\n".join(parts)).translate(_CONTROLS_IN_TRACEBACK)

    def redacted(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, STARS)
        return text


class JsonFormatter(TextFormatter):
    """One object a line: time, level, logger, message, and error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.time(record).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message(record),
        }
        error = self.error(record)
        return json.dumps(fields | {"error": error} if error else fields)
