"""Lists of stories that were over a channel's limit or waited too long: planned once a day, sent like cards.

Nothing over a limit is dropped: it comes with the next list, on as many pages as it takes within bounds, and what is
left then comes with the one after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.attempts import Claimed, Tries, not_sent
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
class DigestClaim(Claimed):
    """A page in the hands of whoever sends it. ``more`` says that other pages wait behind this one."""

    digest: Digest
    kind: ChannelKind
    tag_id: int | None
    page: Page
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
        self._tries = Tries()

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
            attempt = self._tries.plan(digest, now, has_nonce=channel.kind is not ChannelKind.FORUM)
            await self._store.digests.record(
                connection,
                digest.id,
                state=DeliveryState.SENDING,
                attempts=digest.attempts + 1,
                attempted_at=attempt.attempted_at,
                due_at=now,
            )
            settings = await self._store.guilds.settings(connection, digest.guild_id)
        self._tries.began(digest, attempt, now)
        return DigestClaim(
            attempt=attempt,
            nonce=self._marks.secret(digest.id, DIGEST),
            digest=digest,
            kind=channel.kind,
            tag_id=channel.tag_id,
            page=Page(
                page=digest.page,
                pages=digest.pages,
                mark=self._marks.mark(digest.id, DIGEST),
                day=now.astimezone(zone(settings.timezone)),
                stories=tuple(stories),
            ),
            more=more,
        )

    def looked(self, claim: DigestClaim) -> None:
        """Note that the page is not in the channel: what is sent now is a first try again."""
        self._tries.looked(claim.digest, self._now())

    async def sent(self, claim: DigestClaim, message_id: int, *, publish: bool) -> None:
        """The page stands in the channel. Lists are never published to other servers."""
        now = self._now()
        async with self._store.begin() as connection:
            await self._store.digests.record(
                connection, claim.digest.id, state=DeliveryState.SENT, message_id=message_id, sent_at=now, reason=None
            )
            await self._store.digests.listed(connection, claim.digest.id, now)
        self._tries.forget(claim.digest)

    async def surely_not_sent(self, claim: DigestClaim, reason: str, wait: timedelta | None = None) -> None:
        """Nothing of this attempt reached the channel; what an earlier one may have left there is still uncertain."""
        if claim.digest.attempted_at is None:
            self._tries.forget(claim.digest)
        await self._set(claim, **not_sent(claim.digest, reason, self._now(), wait))

    async def uncertain(self, claim: DigestClaim, reason: str) -> None:
        """The page may stand in the channel."""
        await self._set(claim, **not_sent(claim.digest, reason, self._now(), uncertain=True))

    async def suspend(self, claim: DigestClaim, reason: str, code: int, *, uncertain: bool) -> None:
        """Discord refuses us in this channel; see ``Outbox.suspend``."""
        now = self._now()
        values = not_sent(claim.digest, reason, now, wait=timedelta(), uncertain=uncertain)
        async with self._store.begin() as connection:
            await suspend(self._store, connection, claim.channel_id, claim.digest.guild_id, reason, code, now)
            await self._store.digests.record(connection, claim.digest.id, **values)
        self._tries.forget(claim.digest)

    async def quarantine(self, claim: DigestClaim, reason: str) -> None:
        """Discord takes this page in no form: set it aside, so that it stops nothing else."""
        await self._set(claim, state=DeliveryState.QUARANTINED, reason=reason)
        self._tries.forget(claim.digest)

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
