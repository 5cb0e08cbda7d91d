"""A poll's totals: as they are now, and as its closing writes them down. Inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from newsroom.models import Poll, Tally
from newsroom.store import Connection, Store
from newsroom.votes.counting import outcome, tally
from newsroom.votes.repeats import occurrence_ended


async def tally_of(store: Store, connection: Connection, poll: Poll) -> Tally:
    """Return a closed poll's tally as it was printed, an open one's as it is."""
    if poll.voters is not None:
        return Tally(tuple(choice.votes or 0 for choice in poll.choices), poll.voters)
    return tally(await store.votes.ballots(connection, poll.id), len(poll.choices))


async def close_poll(store: Store, connection: Connection, poll: Poll, ended_at: datetime) -> Tally | None:
    """Close a poll and write down what it came to, both or neither; None if somebody else just did."""
    if poll.repeat_id is not None:
        # Before the poll, or two occurrences that close at once wait for each other in a circle.
        await store.repeats.lock(connection, poll.repeat_id, poll.guild_id)
    if not await store.polls.close(connection, poll.id, ended_at):
        return None
    counted = tally(await store.votes.ballots(connection, poll.id), len(poll.choices))
    await store.polls.settle(
        connection,
        poll.id,
        counted,
        outcome=outcome(poll.choices, counted.counts),
        crossed=await store.votes.crossed(connection, poll.id),
        switched=await store.votes.switched(connection, poll.id),
    )
    if poll.repeat_id is not None:
        await occurrence_ended(store, connection, poll.repeat_id, poll.guild_id, counted.voters)
    return counted
