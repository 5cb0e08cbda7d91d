"""Native polls by Discord's rules: what a new one may look like, who voted, and what is said at its end.

Source: https://docs.discord.com/developers/resources/poll
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcord.backend import errors
from simcord.backend.errors import BackendError
from simcord.backend.models import Message, Poll

LONGEST_QUESTION, LONGEST_ANSWER = 300, 55
MOST_ANSWERS = 10
LONGEST_HOURS = 32 * 24
DEFAULT_LAYOUT = 1
VOTERS, MOST_VOTERS = 25, 100  # in one answer, unless asked otherwise, and at most
EXPIRED = BackendError(400, 520001, "Poll expired")
CANNOT_EDIT = BackendError(400, 520003, "Cannot edit a poll message")
NOT_A_POLL = BackendError(400, 520006, "Cannot expire a non-poll message")


def check(poll: Any) -> None:
    """Refuse a new poll that Discord would not take."""
    if not isinstance(poll, Mapping):
        raise errors.invalid_form_body("poll: Only dictionaries may be used.")
    question = poll.get("question")
    _check_text("poll.question.text", question, LONGEST_QUESTION)
    if isinstance(question, Mapping) and question.get("emoji") is not None:
        raise errors.invalid_form_body("poll.question: Only text is supported.")
    answers = poll.get("answers")
    if not isinstance(answers, list) or not 1 <= len(answers) <= MOST_ANSWERS:
        raise errors.invalid_form_body(f"poll.answers: Must be between 1 and {MOST_ANSWERS} in length.")
    for answer in answers:
        media = answer.get("poll_media") if isinstance(answer, Mapping) else None
        _check_text("poll.answers.poll_media.text", media, LONGEST_ANSWER)
    hours = poll.get("duration")
    # discord.py writes a whole number of hours as 1.0, which JSON takes for the same.
    if hours is not None and (type(hours) not in (int, float) or hours % 1 or not 1 <= hours <= LONGEST_HOURS):
        raise errors.invalid_form_body(f"poll.duration: int value should be between 1 and {LONGEST_HOURS}.")
    if poll.get("layout_type") not in (None, DEFAULT_LAYOUT):
        raise errors.invalid_form_body(f"poll.layout_type: Value must be one of {{{DEFAULT_LAYOUT}}}.")


def _check_text(where: str, media: Any, longest: int) -> None:
    text = media.get("text") if isinstance(media, Mapping) else None
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        raise errors.invalid_form_body(f"{where}: Must be between 1 and {longest} in length.")


def voters(message: Message, answer: int, query: Mapping[str, str]) -> list[int]:
    """One page of those who voted for an answer: by user id, after ``after``, at most ``limit``."""
    if message.poll is None or message.poll.answer(answer) is None:
        raise errors.invalid_form_body("answer_id: This poll has no such answer.")
    limit = int(query.get("limit", VOTERS))
    if not 1 <= limit <= MOST_VOTERS:
        raise errors.invalid_form_body(f"limit: int value should be between 1 and {MOST_VOTERS}.")
    after = int(query.get("after", 0))
    return sorted(user for user in message.poll.votes.get(answer, ()) if user > after)[:limit]


def result(poll: Poll) -> dict[str, Any]:
    """The embed in which a poll's result is told. It names a winner only when one answer has the most votes."""
    counts = {answer.answer_id: len(poll.votes.get(answer.answer_id, ())) for answer in poll.answers}
    most = max(counts.values())
    winners = [answer for answer in poll.answers if most and counts[answer.answer_id] == most]
    told: dict[str, Any] = {
        "poll_question_text": poll.question,
        "victor_answer_votes": most,
        "total_votes": sum(counts.values()),
    }
    if len(winners) == 1:
        told |= {"victor_answer_id": winners[0].answer_id, "victor_answer_text": winners[0].text}
    fields = [{"name": name, "value": str(value), "inline": False} for name, value in told.items()]
    return {"type": "poll_result", "fields": fields}
