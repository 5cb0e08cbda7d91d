"""A poll as files to take away: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsroom.models import Poll, Tally
from newsroom.votes.counting import positions_of

# What a spreadsheet takes for the beginning of a formula, and would run.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Export:
    """Both files of a poll."""

    csv: bytes
    json: bytes


def public_export(poll: Poll, tally: Tally, votes: Iterable[tuple[int, int, datetime]]) -> Export:
    """A public poll: who voted what, and when. ``votes`` are (member, ballot, when)."""
    rows = [
        {"member": str(member), "choice": _label(poll, position), "at": at.isoformat()}
        for member, ballot, at in votes
        for position in positions_of(ballot)
    ]
    return _export(poll, tally, ("member", "choice", "at"), rows)


def private_export(poll: Poll, tally: Tally, votes: Iterable[tuple[datetime, int]]) -> Export:
    """A private poll: how many votes that count were cast in each hour, and nothing of who cast them.

    ``votes`` are (when, ballot). Finer times would tell members apart in a small server.
    """
    counted: Counter[tuple[datetime, int]] = Counter()
    for at, ballot in votes:
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        counted.update((hour, position) for position in positions_of(ballot))
    rows = [
        {"hour": hour.isoformat(), "choice": _label(poll, position), "votes": str(number)}
        for (hour, position), number in sorted(counted.items())
    ]
    return _export(poll, tally, ("hour", "choice", "votes"), rows)


def sealed_export(poll: Poll, tally: Tally) -> Export:
    """A poll that keeps single votes to itself: its totals, or with a tally without counts only how many voted."""
    return _export(poll, tally, ("hour", "choice", "votes"), [])


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _export(poll: Poll, tally: Tally, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> Export:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows([guarded(row[column]) for column in columns] for row in rows)
    content = {
        "question": poll.question,
        "state": poll.state,
        "visibility": poll.visibility,
        "opened_at": poll.opened_at.isoformat(),
        "closed_at": poll.closed_at.isoformat() if poll.closed_at else None,
        "voters": tally.voters,
        "choices": [
            {
                "label": choice.label,
                "side": choice.side,
                "votes": tally.counts[choice.position] if tally.counts else None,
            }
            for choice in poll.choices
        ],
        "votes": list(rows),
    }
    # With a mark in front, without which spreadsheets take UTF-8 for something older.
    return Export(
        csv=table.getvalue().encode("utf-8-sig"), json=json.dumps(content, ensure_ascii=False, indent=2).encode()
    )


def _label(poll: Poll, position: int) -> str:
    return poll.choices[position].label
