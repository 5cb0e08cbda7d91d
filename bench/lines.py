"""How the processes of a measurement talk: one JSON object a line, a question in, an answer out.

Whatever is measured imports this, so it is small and the standard library's alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Answer = Mapping[str, object]


def say(answer: Answer) -> None:
    """Tell whoever started this process."""
    print(json.dumps(answer), flush=True)


async def answer_questions(answers: Mapping[str, Callable[..., Awaitable[Answer]]]) -> None:
    """Answer until nobody asks any more: a question names one of ``answers`` and the arguments it takes."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        question: dict[str, Any] = json.loads(line)
        say(await answers[question.pop("ask")](**question))
