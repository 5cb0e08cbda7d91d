"""Polls: asked, voted in, closed. Each method is one transaction and acts on one guild alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsroom.discussion.takes import Asked, Written, asked_on_poll, takes_on, write_on_poll
from newsroom.discussion.takes import Draft as TakeDraft
from newsroom.errors import RequestRefused
from newsroom.marks import POLL, Marks
from newsroom.models import (
    Cause,
    DeliveryState,
    GuildSettings,
    Poll,
    PollKind,
    PollMessage,
    PollState,
    PollStyle,
    Purpose,
    Results,
    ShownPoll,
    Side,
    Tally,
    Visibility,
    Vote,
)
from newsroom.store import Connection, Store
from newsroom.text import clean, row_number, shorten
from newsroom.turns import Turns
from newsroom.votes.asking import (
    OPEN_FOR,
    QUESTION,
    Draft,
    check,
    in_its_words,
    read_choices,
    read_draft,
    read_question,
    team_question,
)
from newsroom.votes.counting import FEWEST, is_hidden, positions_of, tally
from newsroom.votes.exports import Export, private_export, public_export, sealed_export
from newsroom.votes.repeats import occurrence_reopened
from newsroom.votes.story_polls import place_of
from newsroom.votes.totals import close_poll, tally_of

RECOUNTED_AT_ONCE = 100
COUNTED_AT_ONCE = 4

GONE = "This poll is gone."
OVER = "This poll is closed; votes no longer count."
NO_CHOICE = "That choice isn't there any more. Look at the poll again."


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a member wants: the positions chosen, as a ballot; and what Discord told about the click.

    ``labels`` are what the message called the positions, where it tells that.
    """

    guild_id: int
    member_id: int
    choice: int
    role_ids: Collection[int] = ()
    labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voted:
    """What a vote came to. ``side`` is the member's own now; ``joined``: this vote set it.

    ``vote_id`` is the entry of the log that holds, by which it can be undone. ``tally`` is for polls that show it to
    those alone who have voted, once enough have; else None. With ``takes`` the member may say why.
    """

    poll: Poll
    mark: str
    settings: GuildSettings
    ballot: int
    voted_for: Side | None
    side: Side | None
    joined: bool
    vote_id: int
    tally: Tally | None
    takes: bool = True

    @property
    def crossed(self) -> bool:
        """Whether it is for the other team than the member's own."""
        return is_crossing(self.side, self.voted_for)


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking a vote back came to: the ballot that holds again, 0 for none."""

    poll: Poll
    ballot: int
    side: Side | None


class Polls:
    """Asks, counts and closes."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        # A member's clicks count in their order. Left to itself a pool gives its connection to whoever asks at the
        # right moment: among hundreds of clicks a member's first would overtake the last one, which is to win.
        self._turns = Turns()
        # When hundreds vote at once, most wait here and not for the database: whoever draws the message, answers a
        # command or reads a feed has a few before them there, and not all.
        self._seats = asyncio.Semaphore(COUNTED_AT_ONCE)

    # ----------------------------------------------------------------------------- asking

    async def read(
        self, guild_id: int, given: Mapping[str, str | None], *, max_choices: int = 1, role_id: int | None = None
    ) -> Draft:
        """Read what a moderator typed, by the guild's clock and words. Raises RequestRefused: see ``read_draft``."""
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
        return read_draft(settings, given, self._now(), max_choices=max_choices, role_id=role_id)

    async def start(
        self, guild_id: int, channel_id: int, opened_by: int, draft: Draft, story_id: int | None = None
    ) -> tuple[Poll, int]:
        """Open a poll that is to be shown in a channel; return it with the row of that message.

        Raises RequestRefused for a story that isn't this guild's, or one that has its team poll already.
        """
        now = self._now()
        async with self._store.begin() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            question, reply_to = draft.question or team_question(settings), None
            if story_id is not None:
                cards = await self._store.deliveries.standing_cards(connection, story_id, guild_id)
                if not cards:
                    raise RequestRefused("That story isn't posted in this server. Pick one from the list.")
                reply_to = next((card.message_id for card, kind in cards if place_of(card, kind) == channel_id), None)
                if draft.is_team:
                    article, _ = await self._store.deliveries.contents(connection, cards[0][0])
                    question = article.title or question
            poll_id = await self._store.polls.add(
                connection,
                draft.choices,
                guild_id=guild_id,
                channel_id=channel_id,
                kind=PollKind.TEAM if draft.is_team else PollKind.CUSTOM,
                style=draft.style,
                story_id=story_id,
                question=shorten(question, QUESTION),
                visibility=draft.visibility,
                results=draft.results,
                max_choices=draft.max_choices,
                role_id=draft.role_id,
                opened_by=opened_by,
                opened_at=now,
                closes_at=draft.closes_at,
            )
            if poll_id is None:
                raise RequestRefused("That story has its team poll already. `/poll list` shows it.")
            row_id = await self._store.polls.show(
                connection, poll_id, guild_id, channel_id, Purpose.POLL, now, reply_to=reply_to
            )
            poll = await self._store.polls.get(connection, poll_id)
        assert poll is not None and row_id is not None, "both were just made"
        return poll, row_id

    async def discard(self, poll_id: int) -> None:
        """Forget a poll that could not be shown, as if nobody had asked."""
        async with self._store.begin() as connection:
            await self._store.polls.discard(connection, poll_id)

    async def edit(self, guild_id: int, poll_id: int, question: str, choices: str) -> Poll:
        """Ask something else, as long as nobody has voted. Raises RequestRefused."""
        async with self._store.begin() as connection:
            poll = await self._own(connection, guild_id, poll_id)
            self._check_editable(poll, await self._store.votes.log_length(connection, poll_id))
            asked = read_choices(choices)
            draft = Draft(
                question=read_question(question),
                choices=asked,
                is_team=False,
                closes_at=poll.closes_at,
                style=poll.style,
                visibility=poll.visibility,
                results=poll.results,
                max_choices=poll.max_choices,
                role_id=poll.role_id,
            )
            check(draft, self._now())
            assert draft.question is not None
            await self._store.polls.edit(connection, poll_id, draft.question, asked)
            edited = await self._store.polls.get(connection, poll_id)
        assert edited is not None, "it is held"
        return edited

    async def editable(self, guild_id: int, poll_id: int) -> Poll:
        """Return a poll that can still be edited. Raises RequestRefused for any other."""
        async with self._store.read() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            self._check_editable(poll, await self._store.votes.log_length(connection, poll_id))
            return poll

    def _check_editable(self, poll: Poll, votes: int) -> None:
        if poll.style is PollStyle.NATIVE:
            raise RequestRefused("Discord doesn't let anybody edit its own polls. Close it and start another.")
        if poll.state is PollState.CLOSED:
            raise RequestRefused("That poll is closed. `/poll reopen` it first, or start another.")
        if poll.kind is PollKind.TEAM:
            raise RequestRefused("A team poll's words come from `/poll settings`; there is nothing to edit.")
        if votes:
            raise RequestRefused("Somebody has voted already, so the words must stay. Close it and start another.")

    # ----------------------------------------------------------------------------- voting

    async def vote(self, ballot: Ballot, poll_id: int) -> Voted:
        """Let a member's vote be this one; the same again changes nothing. Raises RequestRefused where none counts."""
        if not ballot.choice:
            raise RequestRefused(NO_CHOICE)  # only ``undo`` takes a vote back
        now = self._now()
        async with (
            self._turns.turn((ballot.guild_id, ballot.member_id)),
            self._seats,
            self._store.begin() as connection,
        ):
            side = await self._store.votes.hold_member(connection, ballot.guild_id, ballot.member_id)
            poll = await self._open_poll(connection, ballot.guild_id, poll_id, now)
            _check_ballot(poll, ballot)
            settings = await self._store.guilds.settings(connection, ballot.guild_id)
            latest = await self._store.votes.latest(connection, poll_id, ballot.member_id)
            voted_for = _side_of(poll, ballot.choice)
            joined = False
            if latest is not None and latest.ballot == ballot.choice:
                vote_id = latest.id
            else:
                vote_id, joined = await self._cast(connection, poll, ballot.member_id, ballot.choice, side, now)
            counted = await tally_of(self._store, connection, poll) if poll.results is Results.AFTER_VOTE else None
            takes = await takes_on(self._store, connection, poll)
        return Voted(
            poll=poll,
            mark=self.mark(poll_id),
            settings=in_its_words(settings, poll),
            ballot=ballot.choice,
            voted_for=voted_for,
            side=voted_for if joined else side,
            joined=joined,
            vote_id=vote_id,
            tally=counted if counted is not None and counted.voters >= FEWEST else None,
            takes=takes,
        )

    async def _cast(
        self, connection: Connection, poll: Poll, member_id: int, choice: int, side: Side | None, now: datetime
    ) -> tuple[int, bool]:
        """Write a vote down; who had no side gets that of the vote. Return the entry's id and whether that happened."""
        voted_for = _side_of(poll, choice)
        vote_id = await self._store.votes.cast(connection, poll, member_id, choice, is_crossing(side, voted_for), now)
        joins = side is None and voted_for is not None
        if joins:
            await self._store.votes.set_side(
                connection,
                poll.guild_id,
                member_id,
                voted_for,
                Cause.FIRST_VOTE,
                now,
                poll_id=poll.id,
                vote_id=vote_id,
            )
        return vote_id, joins

    async def undo(self, guild_id: int, member_id: int, vote_id: int) -> Undone:
        """Take back a member's newest vote in a poll: what held before it holds again, the side included.

        Raises RequestRefused when it is another's, or no longer the newest.
        """
        now = self._now()
        async with self._turns.turn((guild_id, member_id)), self._store.begin() as connection:
            side = await self._store.votes.hold_member(connection, guild_id, member_id)
            vote = await self._store.votes.entry(connection, vote_id)
            if vote is None or vote.guild_id != guild_id or vote.member_id != member_id:
                raise RequestRefused("That vote isn't there any more.")
            poll = await self._open_poll(connection, guild_id, vote.poll_id, now)
            latest = await self._store.votes.latest(connection, poll.id, member_id)
            if latest is None or latest.id != vote_id:
                raise RequestRefused("That isn't your newest vote in this poll any more: nothing to undo here.")
            undone = await self._holding(connection, vote)
            if undone is None:
                raise RequestRefused("You have no vote in this poll.")
            before = await self._store.votes.before(connection, undone)
            held = await self._holding(connection, before) if before is not None else None
            ballot, crossed = (held.ballot, held.crossed) if held is not None else (0, False)
            await self._store.votes.cast(
                connection, poll, member_id, ballot, crossed, now, restores=held.id if held is not None else None
            )
            if await self._leave_side(connection, undone, now):
                side = None
        return Undone(poll, ballot, side)

    async def _holding(self, connection: Connection, vote: Vote) -> Vote | None:
        """Return the vote that an entry of the log lets hold: its own, an earlier one that it restored, or none."""
        if vote.restores is not None:
            return await self._store.votes.entry(connection, vote.restores)
        return vote if vote.ballot else None

    async def _leave_side(self, connection: Connection, vote: Vote, now: datetime) -> bool:
        """Take a member's side back if this vote set it and nothing the member did since rests on it."""
        change = await self._store.votes.latest_change(connection, vote.guild_id, vote.member_id)
        if change is None or change.vote_id != vote.id or await self._store.votes.voted_elsewhere(connection, vote):
            return False
        await self._store.votes.set_side(
            connection, vote.guild_id, vote.member_id, None, Cause.UNDONE, now, poll_id=vote.poll_id
        )
        return True

    async def mirror(self, guild_id: int, message_id: int, member_id: int, position: int, *, added: bool) -> None:
        """Take over that a member chose an answer of a native poll, or no longer does; what we know changes nothing.

        Discord decides there who may vote and until when.
        """
        now = self._now()
        async with self._store.begin() as connection:
            message = await self._store.polls.by_message(connection, guild_id, message_id)
            poll = await self._store.polls.get(connection, message.poll_id, hold=True) if message else None
            if poll is None or poll.style is not PollStyle.NATIVE or poll.state is PollState.CLOSED:
                return
            # Answers that a member chooses at once are told one by one, and each adds to what the others came to.
            answer = 1 << position
            await self._mirror(connection, poll, member_id, now, keep=~answer, add=answer if added else 0)

    async def recount(self, poll_id: int, ballots: Mapping[int, int]) -> int:
        """Make a native poll's votes those that Discord lists; return how many members were told of wrongly before.

        ``ballots`` holds every voter's.
        """
        async with self._store.read() as connection:
            known = await self._store.votes.by_member(connection, poll_id)
        wrong = sorted(
            member_id for member_id in {*known, *ballots} if known.get(member_id, 0) != ballots.get(member_id, 0)
        )
        # In pieces, between which others may write: after a long absence there can be thousands.
        for start in range(0, len(wrong), RECOUNTED_AT_ONCE):
            async with self._store.begin() as connection:
                poll = await self._store.polls.get(connection, poll_id, hold=True)
                if poll is None or poll.state is PollState.CLOSED:
                    return start
                for member_id in wrong[start : start + RECOUNTED_AT_ONCE]:
                    await self._mirror(connection, poll, member_id, self._now(), add=ballots.get(member_id, 0))
        return len(wrong)

    async def _mirror(
        self, connection: Connection, poll: Poll, member_id: int, now: datetime, *, keep: int = 0, add: int
    ) -> None:
        """Let a member choose what was chosen before among the positions of ``keep``, and those of ``add``; as bits."""
        side = await self._store.votes.hold_member(connection, poll.guild_id, member_id)
        latest = await self._store.votes.latest(connection, poll.id, member_id)
        before = latest.ballot if latest else 0
        choice = before & keep | add
        if choice == before:
            return
        await self._cast(connection, poll, member_id, choice, side, now)
        if latest is not None and not choice:
            # Discord lets one correct a vote only by taking it back first.
            await self._leave_side(connection, latest, now)

    async def native(self) -> list[tuple[Poll, int, int]]:
        """Return the open native polls that stand in a channel, each with channel and message."""
        async with self._store.read() as connection:
            polls = await self._store.polls.native(connection)
            links = await self._links(connection, [poll.id for poll in polls])
        return [(poll, *links[poll.id]) for poll in polls if poll.id in links]

    async def expire(self, poll_id: int) -> None:
        """Note that Discord was told to end a native poll now."""
        async with self._store.begin() as connection:
            await self._store.polls.set(connection, poll_id, closes_at=self._now())

    async def finalised(self, guild_id: int, message_id: int) -> None:
        """Note that Discord has ended a native poll, whenever that was to be."""
        now = self._now()
        async with self._store.begin() as connection:
            message = await self._store.polls.by_message(connection, guild_id, message_id)
            poll = await self._store.polls.get(connection, message.poll_id) if message else None
            if poll is not None and poll.style is PollStyle.NATIVE and (poll.closes_at is None or poll.closes_at > now):
                await self._store.polls.set(connection, poll.id, closes_at=now)

    async def _open_poll(self, connection: Connection, guild_id: int, poll_id: int, now: datetime) -> Poll:
        """Return a poll in which votes count now, and keep it so until the vote is written. Raises RequestRefused."""
        poll = await self._found(connection, guild_id, poll_id, hold=True)
        if _is_over(poll, now):
            raise RequestRefused(OVER)
        return poll

    # ------------------------------------------------------------------------------ takes

    async def get(self, guild_id: int, poll_id: int) -> Poll:
        """Return a poll of this guild. Raises RequestRefused when it is gone."""
        async with self._store.read() as connection:
            return await self._found(connection, guild_id, poll_id)

    async def say_why(
        self,
        poll_id: int,
        draft: TakeDraft,
        role_ids: Collection[int] = (),
    ) -> Written:
        """Remember a member's take, and have it shown where the poll's story is discussed, if it has one.

        Raises RequestRefused where it can't be taken.
        """
        now = self._now()
        async with self._store.begin() as connection:
            poll = await self._found(connection, draft.guild_id, poll_id)
            if _is_over(poll, now):
                raise RequestRefused("This poll is closed, and its result is out: your take would come too late.")
            _check_ballot(poll, Ballot(draft.guild_id, draft.member_id, 0, role_ids))
            if draft.side is not None and all(choice.side != draft.side for choice in poll.choices):
                raise RequestRefused("That side isn't part of this poll.")
            return await write_on_poll(self._store, connection, draft, poll, now)

    async def form_for_take(self, guild_id: int, poll_id: int, member_id: int) -> tuple[Poll, Asked]:
        """Return a poll, and what the form of a take on it needs. Raises RequestRefused where there can be none."""
        async with self._store.read() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            return poll, await asked_on_poll(self._store, connection, poll, member_id, self._now())

    # ---------------------------------------------------------------------------- closing

    async def due(self) -> list[Poll]:
        """Return the open polls whose time has come. A native one is closed by Discord first."""
        async with self._store.read() as connection:
            return await self._store.polls.due(connection, self._now())

    async def close(self, poll_id: int, *, guild_id: int | None = None) -> Poll | None:
        """Close a poll and write down what it came to; None if somebody else just did.

        Without ``guild_id`` because its time has come, so not if somebody has moved that meanwhile. A deadline that
        passed is the true end, however late we are. From FEWEST votes on a result is to be sent.
        """
        now = self._now()
        async with self._store.begin() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            if guild_id is None and (poll.closes_at is None or poll.closes_at > now):
                return None
            ended_at = poll.closes_at if poll.closes_at is not None and poll.closes_at < now else now
            counted = await close_poll(self._store, connection, poll, ended_at)
            if counted is None:
                return None
            if counted.voters >= FEWEST:
                await self._announce(connection, poll, now)
            return await self._store.polls.get(connection, poll_id)

    async def _announce(self, connection: Connection, poll: Poll, now: datetime) -> None:
        """Plan the one message that tells the result, as a reply to what shows the poll in its own channel."""
        shown = await self._store.polls.messages(connection, [poll.id])
        standing = [message for message in shown if _stands(message)]
        home = next((each for each in standing if each.channel_id == poll.channel_id), None) or next(
            iter(standing), None
        )
        if home is not None:
            await self._store.polls.show(
                connection, poll.id, poll.guild_id, home.channel_id, Purpose.RESULT, now, reply_to=home.message_id
            )

    async def reopen(self, guild_id: int, poll_id: int) -> tuple[Poll, tuple[int, int] | None]:
        """Let votes in again, for OPEN_FOR; return also channel and message of the result, which holds no more.

        Raises RequestRefused where that can't be.
        """
        async with self._store.begin() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            if poll.style is PollStyle.NATIVE:
                raise RequestRefused("Discord doesn't reopen its own polls. Start another one.")
            if poll.repeat_id is not None and poll.voters is not None:
                await occurrence_reopened(self._store, connection, poll.repeat_id, poll.guild_id, poll.voters)
            shown = await self._store.polls.messages(connection, [poll_id])
            if any(each.purpose is Purpose.RESULT and each.state is DeliveryState.SENDING for each in shown):
                raise RequestRefused("That poll's result is on its way just now. Try again in a moment.")
            shown = [each for each in shown if _stands(each)]
            if all(each.purpose is Purpose.RESULT for each in shown):
                raise RequestRefused("No message shows that poll any more. Start another one.")
            result = next((each for each in shown if each.purpose is Purpose.RESULT), None)
            closes_at = self._now() + OPEN_FOR
            if not await self._store.polls.reopen(connection, poll_id, closes_at):
                raise RequestRefused("That poll is open.")
            reopened = await self._store.polls.get(connection, poll_id)
        assert reopened is not None, "it was just changed"
        return reopened, (result.channel_id, result.message_id) if result and result.message_id else None

    # ---------------------------------------------------------------------------- looking

    async def find(self, guild_id: int, typed: str, states: Collection[PollState] = tuple(PollState)) -> Poll:
        """Return the poll that an admin means, by its number or by words of its question. Raises RequestRefused."""
        typed = clean(typed)
        async with self._store.read() as connection:
            number = row_number(typed)
            if number is not None:
                poll = await self._store.polls.get(connection, number, guild_id)
                if poll is not None and poll.state in states:
                    return poll
            found = await self._store.polls.of_guild(connection, guild_id, states, typed)
        exact = [poll for poll in found if poll.question.casefold() == typed.casefold()]
        for matches in (exact, found):
            if len(matches) == 1:
                return matches[0]
        if not found:
            raise RequestRefused("There is no such poll. Pick one from the list.")
        raise RequestRefused("Several polls fit that. Pick one from the list.")

    async def listing(
        self, guild_id: int, text: str = "", states: Collection[PollState] = tuple(PollState), most: int = 25
    ) -> list[ShownPoll]:
        """Return a guild's polls, the newest first, with their tallies."""
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            polls = await self._store.polls.of_guild(connection, guild_id, states, text, most)
            tallies = [await tally_of(self._store, connection, poll) for poll in polls]
        return [
            ShownPoll(poll, self.mark(poll.id), counted, settings) for poll, counted in zip(polls, tallies, strict=True)
        ]

    async def completions(self, guild_id: int, text: str, states: Collection[PollState]) -> list[Poll]:
        """Return the polls that fit what an admin has typed so far."""
        async with self._store.read() as connection:
            return await self._store.polls.of_guild(connection, guild_id, states, text)

    async def voters(self, guild_id: int, poll_id: int, member_id: int) -> tuple[Poll, dict[int, list[int]]]:
        """Return who voted for each position of a public poll, for this member to read.

        Raises RequestRefused for a private one, and where the result isn't shown to this member yet.
        """
        async with self._store.read() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            if poll.visibility is not Visibility.PUBLIC:
                raise RequestRefused("Votes in this poll are private.")
            if poll.state is PollState.OPEN and poll.results is Results.AFTER_CLOSE:
                raise RequestRefused("This poll keeps its votes to itself until it is closed.")
            if poll.state is PollState.OPEN and poll.results is Results.AFTER_VOTE:
                latest = await self._store.votes.latest(connection, poll_id, member_id)
                if latest is None or not latest.ballot:
                    raise RequestRefused("This poll shows its votes to those who have voted.")
            voters: dict[int, list[int]] = {choice.position: [] for choice in poll.choices}
            for member_id, ballot, _ in await self._store.votes.with_members(connection, poll_id):
                for position in positions_of(ballot):
                    voters[position].append(member_id)
            return poll, voters

    async def export(self, guild_id: int, poll_id: int) -> tuple[Poll, Export]:
        """Return a poll as files: with names if it is public, as hourly counts if it is private.

        What a poll hides from everybody it hides here as well, or one could watch single votes come in; and the hours
        of a private one where they no longer add up to what it printed, or they would tell who has left.
        """
        async with self._store.read() as connection:
            poll = await self._found(connection, guild_id, poll_id)
            counted = await tally_of(self._store, connection, poll)
            if is_hidden(poll, counted.voters):
                return poll, sealed_export(poll, Tally((), counted.voters))
            if poll.visibility is Visibility.PUBLIC:
                return poll, public_export(poll, counted, await self._store.votes.with_members(connection, poll_id))
            if tally(await self._store.votes.ballots(connection, poll_id), len(poll.choices)) != counted:
                return poll, sealed_export(poll, counted)
            return poll, private_export(poll, counted, await self._store.votes.casting_times(connection, poll_id))

    async def links(self, polls: Collection[int]) -> dict[int, tuple[int, int]]:
        """Return channel and message that show each of these polls, where one does."""
        async with self._store.read() as connection:
            return await self._links(connection, polls)

    async def _links(self, connection: Connection, polls: Collection[int]) -> dict[int, tuple[int, int]]:
        links: dict[int, tuple[int, int]] = {}
        for message in await self._store.polls.messages(connection, polls):
            if message.message_id is not None and message.purpose is not Purpose.RESULT:
                links.setdefault(message.poll_id, (message.channel_id, message.message_id))
        return links

    def mark(self, poll_id: int) -> str:
        """What names a poll on its buttons."""
        return self._marks.mark(poll_id, POLL)

    def poll_id(self, mark: str) -> int:
        """Return the poll that a button names. Raises RequestRefused for a mark that isn't ours."""
        number = self._marks.number(mark, POLL)
        if number is None:
            raise RequestRefused(GONE)
        return number

    async def _found(self, connection: Connection, guild_id: int | None, poll_id: int, *, hold: bool = False) -> Poll:
        poll = await self._store.polls.get(connection, poll_id, guild_id, hold=hold)
        if poll is None:
            raise RequestRefused(GONE)
        return poll

    async def _own(self, connection: Connection, guild_id: int, poll_id: int) -> Poll:
        poll = await self._store.polls.lock(connection, poll_id, guild_id)
        if poll is None:
            raise RequestRefused(GONE)
        return poll


def _stands(message: PollMessage) -> bool:
    """Whether a message is in its channel, as far as we know."""
    return message.state is DeliveryState.SENT and message.message_id is not None


def _check_ballot(poll: Poll, ballot: Ballot) -> None:
    """Raises RequestRefused for a ballot that this poll doesn't take from this member."""
    if poll.role_id is not None and poll.role_id not in ballot.role_ids:
        raise RequestRefused(f"Only members with the role <@&{poll.role_id}> can vote here.")
    chosen = positions_of(ballot.choice)
    if len(chosen) > poll.max_choices or any(position >= len(poll.choices) for position in chosen):
        raise RequestRefused(NO_CHOICE)
    if any(
        ballot.labels.get(position, poll.choices[position].label) != poll.choices[position].label for position in chosen
    ):
        # The message still shows the words from before an edit, which may have stood for the other side.
        raise RequestRefused("This poll has just been edited. Look at it again.")


def is_crossing(side: Side | None, voted_for: Side | None) -> bool:
    """Whether a vote is for the other team than the member's own. "It depends" is no team to cross from or to."""
    return {side, voted_for} == {Side.OPEN, Side.PROPRIETARY}


def _is_over(poll: Poll, now: datetime) -> bool:
    """Whether no vote counts any more, though perhaps nobody has closed the poll yet."""
    return poll.state is PollState.CLOSED or (poll.closes_at is not None and poll.closes_at <= now)


def _side_of(poll: Poll, ballot: int) -> Side | None:
    """Which side a ballot is for. Where choices have sides, only one can be chosen."""
    chosen = positions_of(ballot)
    return poll.choices[chosen[0]].side if len(chosen) == 1 else None
