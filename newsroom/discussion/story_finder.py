"""Which story a command is about: the one that was picked or named, that of the thread, or the one that fits best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsroom.discussion.threads import Discussed, discussed
from newsroom.errors import RequestRefused
from newsroom.models import DiscussionSettings, Sees, ThreadState
from newsroom.store import Connection, Store
from newsroom.store.search import FoundStory
from newsroom.text import row_number

LOOKED_AT = 10
OFFERED = 25


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who looks for a story: in which ``places``, the innermost first, and which channels they see."""

    guild_id: int
    places: Sequence[int]
    sees: Sees


class StoryFinder:
    """Finds stories by cards that a member sees."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def offered(self, seeker: Seeker, typed: str) -> list[FoundStory]:
        """Return the stories that fit what was typed so far, OFFERED at most."""
        async with self._store.read() as connection:
            found = await self._store.search.search(connection, seeker.guild_id, typed, limit=2 * OFFERED)
        return [each for each in found if seeker.sees(each.channel_id)][:OFFERED]

    async def meant(
        self, seeker: Seeker, given: str | None, *, wanted: Callable[[DiscussionSettings], bool], words: str = ""
    ) -> Discussed:
        """Return the card of the story that is meant.

        ``given`` is a story's id, or words that it is found by. Without it, it is the story of the thread in which
        somebody asks; else the one that ``words`` are most likely about. Of its cards it is one whose channel is as
        ``wanted``, if there is one; then one where somebody asks; then the oldest.

        Raises RequestRefused where no story is meant, with what to do.
        """
        async with self._store.read() as connection:
            story_id = row_number(given) if given else None
            if not given:
                here = await self._here(connection, seeker)
                if here is not None:
                    return here
            if story_id is None:
                story_id = await self._like(connection, seeker, given or words)
            found = [
                await discussed(self._store, connection, card.id, seeker.guild_id)
                for card, _ in await self._store.deliveries.standing_cards(connection, story_id, seeker.guild_id)
                if seeker.sees(card.channel_id)
            ]
        if not found:
            raise RequestRefused("That story isn't posted in this server. Pick one from the list.")
        return min(found, key=lambda card: (not wanted(card.settings), card.card.channel_id not in seeker.places))

    async def here(self, seeker: Seeker) -> Discussed | None:
        """Return the card whose story is discussed where somebody asks; None where that is no thread of ours."""
        async with self._store.read() as connection:
            return await self._here(connection, seeker)

    async def _here(self, connection: Connection, seeker: Seeker) -> Discussed | None:
        for place in seeker.places:
            thread = await self._store.threads.get(connection, place, seeker.guild_id)
            if thread is not None and thread.state is not ThreadState.GONE:
                return await discussed(self._store, connection, thread.delivery_id, seeker.guild_id)
        return None

    async def _like(self, connection: Connection, seeker: Seeker, words: str) -> int:
        if not words:
            raise RequestRefused("Which story? Pick one from the list, or say it in the thread of a story.")
        related = await self._store.search.related(
            connection, seeker.guild_id, [words], not_story=None, limit=LOOKED_AT
        )
        for each in related:
            if seeker.sees(each.channel_id):
                return each.story_id
        raise RequestRefused("I know no story here that this could be about. Pick one with the option `story`.")
