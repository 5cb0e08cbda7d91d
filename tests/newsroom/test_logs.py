import json
import logging
from collections.abc import Iterator

import pytest

from newsroom.logs import set_up_logging

TOKEN = "MTIz.not-a-real.token"


@pytest.fixture(autouse=True)
def a_logging_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    level = logging.root.level
    monkeypatch.setattr(logging.root, "handlers", [])
    yield
    logging.root.setLevel(level)


class Shy:
    """Something whose text holds the token."""

    def __repr__(self) -> str:
        return f"<Shy {TOKEN}>"


def log_all_ways(log: logging.Logger) -> None:
    """Log the token in every place a log record has."""
    log.info(f"message {TOKEN}")
    log.info("argument %s", TOKEN)
    log.info("argument %(token)s", {"token": TOKEN})
    log.info("object %r", Shy())
    log.info("wrong call %d", TOKEN)
    log.info("stack", stack_info=True)
    try:
        try:
            raise ValueError(TOKEN)
        except ValueError as error:
            raise RuntimeError(f"around {TOKEN}") from error
    except RuntimeError:
        log.exception("failed")


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("logger", ["newsroom.desk.rounds", "discord.http"])
def test_the_token_is_never_logged(capsys: pytest.CaptureFixture[str], format: str, logger: str):
    set_up_logging("DEBUG", format, ["", TOKEN, TOKEN[:6]])
    log_all_ways(logging.getLogger(logger))
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("***") >= 7
    assert TOKEN not in output.err
    assert "not-a-real" not in output.err
    assert "Logging error" not in output.err


def test_text_is_a_line_with_time_level_logger_and_message(capsys: pytest.CaptureFixture[str]):
    set_up_logging("INFO", "text")
    logging.getLogger("newsroom.feeds").info("read %d feeds", 3)
    line = capsys.readouterr().err
    assert line.endswith(" INFO     newsroom.feeds: read 3 feeds\n")
    assert line[:4].isdecimal() and line[4] == "-"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]):
    set_up_logging("INFO", "json")
    log = logging.getLogger("newsroom.feeds")
    log.warning("two\nlines")
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("failed")
    warned, failed = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert set(warned) == {"time", "level", "logger", "message"}
    assert (warned["level"], warned["logger"], failed["message"]) == ("WARNING", "newsroom.feeds", "failed")
    assert warned["time"].endswith("+00:00")
    assert failed["error"].startswith("Traceback") and failed["error"].endswith("ValueError: odd")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_title_can_neither_forge_a_line_nor_reach_the_terminal(capsys: pytest.CaptureFixture[str], format: str):
    set_up_logging("INFO", format)
    logging.getLogger("newsroom").info("title: %s", "a\n2025-01-27 ERROR forged\r\x1b[2J\x9b1m")
    output = capsys.readouterr().err
    assert len(output.splitlines()) == 1
    assert output.rstrip("\n").isprintable()


def test_what_lies_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]):
    set_up_logging("WARNING", "text")
    logging.getLogger("newsroom").info("quiet")
    assert capsys.readouterr().err == ""


def test_setting_up_again_replaces_what_was_set_up(capsys: pytest.CaptureFixture[str]):
    set_up_logging("INFO", "text")
    set_up_logging("INFO", "text")
    logging.getLogger("newsroom").info("once")
    assert capsys.readouterr().err.count("once") == 1


@pytest.mark.parametrize(("level", "lines"), [("INFO", 1), ("DEBUG", 5)])
def test_an_outage_of_discord_is_a_line_without_a_traceback_unless_one_wants_all(
    capsys: pytest.CaptureFixture[str], level: str, lines: int
):
    set_up_logging(level, "text")
    try:
        raise ConnectionResetError("cut")
    except ConnectionResetError:
        logging.getLogger("discord.shard").exception("Failed to connect for shard_id: %s.", 0)
    output = capsys.readouterr().err
    assert len(output.splitlines()) == lines
    assert "shard_id: 0." in output and "ConnectionResetError: cut" in output
