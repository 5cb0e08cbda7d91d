"""Lists of stories that were over a channel's limit or waited too long: planned once a day, sent like cards.

Nothing over a limit is dropped: it comes with the next list, on as many pages as it takes within bounds, and what is
left then comes with the one after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from newsroom.attempts import Step, look_between, next_step, repeat_until, wait_after
from newsroom.desk.channels import suspend
from newsroom.desk.limits import MOST_PAGES, STORIES_A_PAGE, next_digest
from newsroom.marks import DIGEST, Marks
from newsroom.models import Article, ChannelKind, DeliveryState, Digest
from newsroom.store import Store
from newsroom.times import zone


@dataclass(frozen=True, slots=True)
class Page:
    """What one page shows: its stories, each with its source, top ones first. ``day`` is the guild's own."""

    page: int
    pages: int
    mark: str
    day: datetime
    stories: tuple[tuple[Article, str], ...]


@dataclass(frozen=True, slots=True)
class DigestClaim:
    """A page in the hands of whoever sends it. For the fields see ``newsroom.desk.outbox.Claim``."""

    digest: Digest
    kind: ChannelKind
    tag_id: int | None
    step: Step
    page: Page
    nonce: str
    look_since: datetime
    look_until: datetime
    repeat_until: datetime | None
    more: bool

    @property
    def name(self) -> str:
        """What this is called in the log."""
        return f"list {self.digest.id}"

    @property
    def channel_id(self) -> int:
        return self.digest.channel_id

    @property
    def mark(self) -> str:
        return self.page.mark


class Digests:
    """Pages, one channel's next at a time."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        self._first_tries: dict[int, datetime] = {}

    async def plan(self) -> None:
        """Make pages of what is due."""
        async with self._store.read() as connection:
            channel_ids = await self._store.digests.channels_to_plan(connection, self._now())
        for channel_id in channel_ids:
            await self._plan(channel_id)

    async def _plan(self, channel_id: int) -> None:
        store, now = self._store, self._now()
        async with store.begin() as connection:
            await store.channels.lock(connection, channel_id)
            channel = await store.channels.get(connection, channel_id)
            if channel is None or channel_id not in await store.digests.channels_to_plan(connection, now):
                return
            ids = await store.digests.top(connection, channel_id, now, STORIES_A_PAGE * MOST_PAGES)
            starts = range(0, len(ids), STORIES_A_PAGE)
            for page, start in enumerate(starts, 1):
                stories = ids[start : start + STORIES_A_PAGE]
                await store.digests.add(connection, channel_id, channel.guild_id, page, len(starts), stories, now)
            settings = await store.guilds.settings(connection, channel.guild_id)
            await store.digests.put_off(connection, channel_id, now, next_digest(now, zone(settings.timezone)))

    async def due_channels(self) -> list[int]:
        """Return the channels that have a page to send now."""
        async with self._store.read() as connection:
            return await self._store.digests.due_channels(connection, self._now())

    async def claim(self, channel_id: int) -> DigestClaim | None:
        """Take a channel's next page in hand; from now on it may stand in the channel."""
        now = self._now()
        async with self._store.begin() as connection:
            found = await self._store.digests.head(connection, channel_id, now)
            if found is None:
                return None
            digest, channel, more = found
            stories = await self._store.digests.contents(connection, digest)
            if not stories and digest.attempted_at is None:  # all of them are forgotten by now
                await self._store.digests.record(connection, digest.id, state=DeliveryState.SKIPPED)
                return None
            first_try = self._first_tries.get(digest.id)
            step = next_step(digest.state, first_try, now, has_nonce=channel.kind is not ChannelKind.FORUM)
            attempted_at = digest.attempted_at or now
            await self._store.digests.record(
                connection,
                digest.id,
                state=DeliveryState.SENDING,
                attempts=digest.attempts + 1,
                attempted_at=attempted_at,
                due_at=now,
            )
            settings = await self._store.guilds.settings(connection, digest.guild_id)
        if step is Step.SEND:
            self._first_tries.setdefault(digest.id, now)
        look_since, look_until = look_between(attempted_at, digest.due_at)
        return DigestClaim(
            digest=digest,
            kind=channel.kind,
            tag_id=channel.tag_id,
            step=step,
            page=Page(
                page=digest.page,
                pages=digest.pages,
                mark=self._marks.mark(digest.id, DIGEST),
                day=now.astimezone(zone(settings.timezone)),
                stories=tuple(stories),
            ),
            nonce=self._marks.secret(digest.id, DIGEST),
            look_since=look_since,
            look_until=look_until,
            repeat_until=repeat_until(step, first_try),
            more=more,
        )

    def looked(self, claim: DigestClaim) -> None:
        """Note that the page is not in the channel: what is sent now is a first try again."""
        self._first_tries[claim.digest.id] = self._now()

    async def sent(self, claim: DigestClaim, message_id: int, *, publish: bool) -> None:
        """The page stands in the channel. Lists are never published to other servers."""
        now = self._now()
        async with self._store.begin() as connection:
            await self._store.digests.record(
                connection, claim.digest.id, state=DeliveryState.SENT, message_id=message_id, sent_at=now, reason=None
            )
            await self._store.digests.listed(connection, claim.digest.id, now)
        self._forget(claim)

    async def surely_not_sent(self, claim: DigestClaim, reason: str, wait: timedelta | None = None) -> None:
        """Nothing of this attempt reached the channel; what an earlier one may have left there is still uncertain."""
        due_at = self._now() + (wait if wait is not None else wait_after(claim.digest.attempts + 1))
        values: dict[str, Any] = {"due_at": due_at, "reason": reason}
        if claim.digest.attempted_at is None:
            values |= {"state": DeliveryState.PENDING, "attempted_at": None}
            self._forget(claim)
        await self._set(claim, **values)

    async def uncertain(self, claim: DigestClaim, reason: str) -> None:
        """The page may stand in the channel."""
        await self._set(claim, due_at=self._now() + wait_after(claim.digest.attempts + 1), reason=reason)

    async def suspend(self, claim: DigestClaim, reason: str, code: int, *, uncertain: bool) -> None:
        """Discord refuses us in this channel; see ``Outbox.suspend``."""
        now = self._now()
        values: dict[str, Any] = {"due_at": now, "reason": reason}
        if claim.digest.attempted_at is None and not uncertain:
            values |= {"state": DeliveryState.PENDING, "attempted_at": None}
        async with self._store.begin() as connection:
            await suspend(self._store, connection, claim.channel_id, claim.digest.guild_id, reason, code, now)
            await self._store.digests.record(connection, claim.digest.id, **values)
        self._forget(claim)

    async def quarantine(self, claim: DigestClaim, reason: str) -> None:
        """Discord takes this page in no form: set it aside, so that it stops nothing else."""
        await self._set(claim, state=DeliveryState.QUARANTINED, reason=reason)
        self._forget(claim)

    async def why(self, mark: str, guild_id: int) -> str | None:
        """Return why the stories of a page came so late; None for a mark that isn't ours."""
        number = self._marks.number(mark, DIGEST)
        if number is None:
            return None
        async with self._store.read() as connection:
            return await self._store.digests.why(connection, number, guild_id)

    async def _set(self, claim: DigestClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.digests.record(connection, claim.digest.id, **values)

    def _forget(self, claim: DigestClaim) -> None:
        self._first_tries.pop(claim.digest.id, None)
