"""The messages of recaps: what to send, to draw anew, to take away. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsroom.attempts import Claimed, Tries, not_sent
from newsroom.discussion.recaps import LATEST, old_take, shown_as
from newsroom.discussion.week import Link, Week, from_json
from newsroom.errors import RequestRefused
from newsroom.marks import RECAP, Marks
from newsroom.models import (
    ON_ITS_WAY,
    DeliveryState,
    GuildSettings,
    Line,
    PollState,
    Purpose,
    Recap,
    RecapKind,
    Sees,
    ShownPoll,
    Take,
)
from newsroom.store import Connection, Store
from newsroom.store.queues import waits
from newsroom.votes.asking import OPEN_FOR
from newsroom.votes.messages import shown_poll
from newsroom.votes.repeats import ask_for_teams

MOST_AT_ONCE = 10
MOST_ATTEMPTS = 300  # about a day
REDRAW_WAIT = timedelta(minutes=5)

AGED_AFTER = timedelta(minutes=10)
"""So long after a recap an old take is asked about."""

GONE = "I no longer ask about that take."
TOO_LATE = "It came too late."


@dataclass(frozen=True, slots=True)
class OldTake:
    """A take that is asked about: the story it is on, where it stands, and how many say that it aged well or badly."""

    take: Take
    headline: str
    link: Link | None
    well: int
    badly: int


@dataclass(frozen=True, slots=True)
class RecapContents:
    """What a message of a recap says. ``mark`` tells it from all others; it is empty on a preview.

    ``week`` is set on what tells of a week, with ``takes`` by their ids and ``links`` to them, as far as they are
    there, and ``poll`` if it ends in the team question; ``old`` on what asks about an old take.
    """

    guild_id: int
    settings: GuildSettings
    mark: str = ""
    week: Week | None = None
    takes: Mapping[int, Take] = field(default_factory=dict)
    links: Mapping[int, Link] = field(default_factory=dict)
    old: OldTake | None = None
    poll: ShownPoll | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say any more: at most there is something to take away."""
        return self.week is None and self.old is None


@dataclass(frozen=True, slots=True)
class RecapClaim(Claimed):
    """A message in the hands of whoever sends it."""

    recap: Recap
    contents: RecapContents


@dataclass(frozen=True, slots=True)
class RecapRedraw:
    """A message that stands there and shows what it should not, or less than we know; without ``contents`` it goes."""

    recap: Recap
    contents: RecapContents | None
    taken_until: datetime


class RecapMessages:
    """Messages of recaps, one at a time."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        self._tries = Tries()

    async def shown(self, guild_id: int, week: Week) -> RecapContents:
        """Return what a preview of a week shows."""
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            return await self._with_takes(connection, RecapContents(guild_id, settings, week=week))

    # ---------------------------------------------------------------------------- sending

    async def due(self) -> list[int]:
        """Return what is to be sent now."""
        async with self._store.read() as connection:
            return await self._store.recaps.due(connection, self._now(), MOST_AT_ONCE)

    async def look(self, recap_id: int) -> RecapContents | None:
        """Return what a message is going to say, so that its picture can be drawn before it is taken in hand."""
        async with self._store.read() as connection:
            recap = await self._store.recaps.get(connection, recap_id)
            return await self._contents(connection, recap) if recap is not None else None

    async def claim(self, recap_id: int) -> RecapClaim | None:
        """Take a message in hand; from now on it may stand in its channel.

        None if it is done, waits, was taken by somebody else, is too late, or there is nothing to say any more.
        """
        now = self._now()
        async with self._store.begin() as connection:
            recap = await self._store.recaps.get(connection, recap_id)
            if recap is None or recap.state not in ON_ITS_WAY or waits(recap.due_at, now):
                return None
            contents = await self._contents(connection, recap)
            late = now - recap.planned_at > LATEST + AGED_AFTER
            if (contents.is_empty or late) and recap.attempted_at is None:
                reason = TOO_LATE if late else "There was nothing to say any more."
                await self._store.recaps.record(connection, recap_id, state=DeliveryState.SKIPPED, reason=reason)
                await self._left_out(connection, recap, contents, recap.reason or reason)
                return None
            attempt = self._tries.plan(recap, now)
            if not await self._store.recaps.take_to_send(connection, recap, attempt.attempted_at, now):
                return None
            if recap.asked_id is None and contents.week is not None and not contents.week.is_quiet:
                contents = replace(contents, poll=await self._asked(connection, recap, contents.settings, now))
        self._tries.began(recap, attempt, now)
        return RecapClaim(attempt, self._marks.secret(recap.id, RECAP), recap, contents)

    def looked(self, claim: RecapClaim) -> None:
        """Note that the message is not in its channel: what is sent now is a first try again."""
        self._tries.looked(claim.recap, self._now())

    async def sent(self, claim: RecapClaim, message_id: int, sees: Sees | None) -> None:
        """The message stands in its channel. Behind a week that wasn't quiet comes an old take.

        ``sees`` says which channels everybody sees who reads it; where nobody knows, no old take is asked about.
        """
        recap, week, now = claim.recap, claim.contents.week, self._now()
        goes_on = recap.kind is RecapKind.WEEK and week is not None and not week.is_quiet
        old = None
        if goes_on and week is not None and sees is not None:
            old = await old_take(self._store, recap.guild_id, sees, week.since, now)
        async with self._store.begin() as connection:
            is_first = await self._store.recaps.sent(connection, recap.id, message_id, now)
            if is_first and recap.attempted_at is not None:
                # Another attempt may have left it there, as things were then.
                await self._store.recaps.record(connection, recap.id, redraw_at=now)
            if is_first and claim.contents.poll is not None:
                await self._store.polls.recap_sent(connection, claim.contents.poll.poll.id, message_id, now)
            if is_first and old is not None:
                await self._ask_about(connection, recap, old[0], now)
        self._tries.forget(recap)

    async def later(self, claim: RecapClaim, reason: str, *, uncertain: bool, wait: timedelta | None = None) -> None:
        """Try again later; ``uncertain`` if this attempt may have left the message there."""
        if claim.recap.attempts + 1 >= MOST_ATTEMPTS:
            await self.give_up(claim, reason)
            return
        await self._record(claim, **not_sent(claim.recap, reason, self._now(), wait, uncertain=uncertain))
        if not uncertain and claim.recap.attempted_at is None:
            self._tries.forget(claim.recap)

    async def give_up(self, claim: RecapClaim, reason: str) -> None:
        """Discord takes this message in no form, or not there."""
        async with self._store.begin() as connection:
            recorded = await self._store.recaps.record_attempt(
                connection, claim.recap, state=DeliveryState.SKIPPED, reason=reason
            )
            if recorded:
                await self._left_out(connection, claim.recap, claim.contents, reason)
        self._tries.forget(claim.recap)

    async def _left_out(self, connection: Connection, recap: Recap, contents: RecapContents, reason: str) -> None:
        """Have the admins hear that a week is not told, but for a moderator who reads the refusal of the first try."""
        if contents.poll is not None and recap.attempted_at is None:  # nobody can have seen it
            await self._store.polls.discard(connection, contents.poll.poll.id)
        if recap.kind is RecapKind.WEEK and (recap.asked_id is None or recap.attempts):
            await self._store.alerts.add_line(
                connection,
                Line.RECAP_LEFT_OUT,
                recap.guild_id,
                self._now(),
                channel_id=recap.channel_id,
                detail=reason,
            )

    async def _asked(
        self, connection: Connection, recap: Recap, settings: GuildSettings, now: datetime
    ) -> ShownPoll | None:
        """Return the team question in which a recap ends, and which is open for a day from now: it is sent next."""
        poll_id = recap.poll_id
        if poll_id is None:
            poll_id = await ask_for_teams(
                self._store,
                connection,
                settings,
                recap.channel_id,
                now,
                automatic=True,
                purpose=Purpose.RECAP,
            )
            await self._store.recaps.record(connection, recap.id, poll_id=poll_id)
        elif (poll := await self._store.polls.get(connection, poll_id)) is not None and poll.state is PollState.OPEN:
            await self._store.polls.set(connection, poll_id, closes_at=now + OPEN_FOR)
        return await self._poll(connection, poll_id)

    async def _poll(self, connection: Connection, poll_id: int | None) -> ShownPoll | None:
        poll = await self._store.polls.get(connection, poll_id) if poll_id is not None else None
        return await shown_poll(self._store, connection, self._marks, poll) if poll is not None else None

    async def _ask_about(self, connection: Connection, recap: Recap, take: Take, now: datetime) -> None:
        """Have a message ask how a take has aged; of any number that are planned for one take, one comes."""
        await self._store.recaps.add(
            connection,
            guild_id=recap.guild_id,
            channel_id=recap.channel_id,
            kind=RecapKind.AGED,
            take_id=take.id,
            due_at=now + AGED_AFTER,
            planned_at=now,
        )

    # ---------------------------------------------------------------------------- drawing

    async def due_redraws(self) -> list[int]:
        """Return what is to be drawn anew, or taken away, now."""
        async with self._store.read() as connection:
            return await self._store.recaps.redraws_due(connection, self._now(), MOST_AT_ONCE)

    async def take_redraw(self, recap_id: int) -> RecapRedraw | None:
        """Take a message in hand to be drawn anew as things are now. After a crash it is drawn again."""
        now = self._now()
        until = now + REDRAW_WAIT
        async with self._store.begin() as connection:
            recap = await self._store.recaps.take_redraw(connection, recap_id, now, until)
            if recap is None:
                return None
            contents = await self._contents(connection, recap)
        return RecapRedraw(recap, None if contents.is_empty else contents, until)

    async def redrawn(self, redraw: RecapRedraw) -> None:
        """It shows what was known, or never will."""
        async with self._store.begin() as connection:
            await self._store.recaps.redrawn(connection, redraw.recap.id, redraw.taken_until)

    async def deleted(self, redraw: RecapRedraw) -> None:
        """The message is gone, as it was to be or by somebody's hand: it is left at that."""
        async with self._store.begin() as connection:
            await self._store.recaps.record(connection, redraw.recap.id, message_id=None, redraw_at=None)

    # --------------------------------------------------------------------------- old takes

    async def judge(self, mark: str, guild_id: int, member_id: int, *, well: bool) -> bool | None:
        """Say how an old take has aged, or no longer; return what the member says now. Raises RequestRefused."""
        number = self._marks.number(mark, RECAP)
        now = self._now()
        async with self._store.begin() as connection:
            recap = await self._store.recaps.get(connection, number, guild_id) if number is not None else None
            if recap is None or recap.take_id is None or recap.withdrawn:
                raise RequestRefused(GONE)
            take = await self._store.takes.get(connection, recap.take_id, guild_id)
            if take is None:
                raise RequestRefused(GONE)
            if take.member_id == member_id:
                raise RequestRefused("That take is your own: how it aged is for others to say.")
            await self._store.votes.hold_member(connection, guild_id, member_id)
            says = await self._store.recaps.judge(connection, take.id, member_id, well, now)
            await self._store.recaps.draw_anew(connection, [take.id], now)
            return says

    async def set_quotes(self, guild_id: int, member_id: int, *, allowed: bool) -> None:
        """Say whether a member's old takes may be asked about; if not, those go that are."""
        now = self._now()
        async with self._store.begin() as connection:
            await self._store.votes.hold_member(connection, guild_id, member_id)
            if allowed:
                await self._store.recaps.allow(connection, guild_id, member_id)
            else:
                await self._store.recaps.refuse(connection, guild_id, member_id, now)

    # ------------------------------------------------------------------------------ parts

    async def _contents(self, connection: Connection, recap: Recap) -> RecapContents:
        settings = await self._store.guilds.settings(connection, recap.guild_id)
        contents = RecapContents(recap.guild_id, settings, self._marks.mark(recap.id, RECAP))
        if recap.withdrawn:
            return contents
        if recap.contents is not None:
            week, poll = from_json(recap.contents), await self._poll(connection, recap.poll_id)
            return await self._with_takes(connection, replace(contents, week=week, poll=poll))
        return replace(contents, old=await self._old(connection, recap))

    async def _with_takes(self, connection: Connection, contents: RecapContents) -> RecapContents:
        """Add the takes that a week quotes, in the words of today, but those that are gone."""
        assert contents.week is not None, "it tells of a week"
        takes, links = {}, {}
        for take_id in contents.week.quoted:
            take = await self._store.takes.get(connection, take_id, contents.guild_id)
            if take is not None:
                takes[take_id] = take
                if link := await self._link(connection, take_id):
                    links[take_id] = link
        return replace(contents, takes=takes, links=links)

    async def _old(self, connection: Connection, recap: Recap) -> OldTake | None:
        take = (
            await self._store.takes.get(connection, recap.take_id, recap.guild_id)
            if recap.take_id is not None
            else None
        )
        if take is None or take.story_id is None:
            return None
        if await self._store.recaps.is_refused(connection, recap.guild_id, take.member_id):
            return None
        # As it stands where it was said: that may be told of here, and other places perhaps not.
        places = await self._store.takes.places(connection, recap.guild_id, [take])
        shown = await shown_as(self._store, connection, take.story_id, recap.guild_id, places[take.id])
        well, badly = await self._store.recaps.judged(connection, take.id)
        link = await self._link(connection, take.id) or (shown[1] if shown is not None else None)
        return OldTake(take, shown[0] if shown is not None else "", link, well, badly)

    async def _link(self, connection: Connection, take_id: int) -> Link | None:
        remark = await self._store.threads.of_take(connection, take_id)
        if remark is None or remark.message_id is None or remark.withdrawn:
            return None
        return remark.channel_id, remark.message_id

    async def _record(self, claim: RecapClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.recaps.record_attempt(connection, claim.recap, **values)
