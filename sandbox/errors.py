"""What can go wrong with the demo."""

from __future__ import annotations

FAILED, CANNOT_START = 1, 2


class DemoFailed(Exception):
    """The demo went wrong; the text says why, in one line. ``code`` is the exit code it asks for."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code
