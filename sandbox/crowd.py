"""The demo's crowd: members with leanings of their own, who press the vote buttons of cards one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from random import Random
from typing import Any

from simcord.components import walk_components
from simcord.enums import ComponentType

from sandbox.actors import CannotDo
from sandbox.server import Sandbox
from sandbox.shown import HasId, Member, Message

NAMES = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Esra", "Finn", "Giulia", "Hamza",
    "Ines", "Jonas", "Keiko", "Lena", "Mateo", "Noor", "Oskar", "Priya",
)  # fmt: skip
PREFIX = "vote:"  # of the custom_id of a button the crowd presses
PAUSE_SECONDS = (0.15, 0.5)
PATIENCE = 5.0
# How likely somebody is to stay away, to vote against their leaning, and to change their mind afterwards.
STAYS_AWAY, SURPRISES, TURNS = 0.1, 0.15, 0.2
TILT = 0.3  # how far a card may pull everybody to one side
UNDECIDED = 0.08  # how near the middle somebody stands between two sides
OLDER = 0.5  # how often a vote goes to another card than the newest


class Crowd:
    """Votes wherever there is something to vote on, and waits where there is nothing."""

    def __init__(self, sandbox: Sandbox, guild: HasId, channels: Sequence[HasId], seed: int = 7) -> None:
        self._sandbox = sandbox
        self._channels = channels
        self._random = Random(seed)
        self.members = [sandbox.add_member(guild, name) for name in NAMES]
        # Message id -> who is still to vote there, and what they wish: 0 is one side, 1 the other.
        self._queues: dict[int, list[tuple[Member, float]]] = {}

    async def vote(self) -> None:
        """Press one button after the other, for ever."""
        while True:
            message = self._choose()
            if message is None:
                await self._sandbox.changes.next()
                await asyncio.sleep(PAUSE_SECONDS[0])
                continue
            member, wish = self._queues[message.id].pop(0)
            choices = buttons(message, PREFIX)
            button = choices[choice(wish, len(choices))]
            # What the bot refuses or is too busy for is a vote less, and no harm to the demo.
            with contextlib.suppress(CannotDo):
                await self._sandbox.click(member, message, custom_id=button["custom_id"], timeout=PATIENCE)
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS))

    def _choose(self) -> Message | None:
        """A card that somebody is still to vote on, mostly the newest."""
        places = [*self._channels, *(each for one in self._channels for each in self._sandbox.threads(one))]
        ballots = [each for place in places for each in self._sandbox.messages(place) if buttons(each, PREFIX)]
        for message in ballots:
            if message.id not in self._queues:
                self._queues[message.id] = self._queue()
        waiting = sorted((each for each in ballots if self._queues[each.id]), key=lambda each: each.id)
        if not waiting:
            return None
        return self._random.choice(waiting) if self._random.random() < OLDER else waiting[-1]

    def _queue(self) -> list[tuple[Member, float]]:
        """Who votes on a card, in which order and for what; some come back to change their minds."""
        chance = self._random.random
        tilt = self._random.uniform(-TILT, TILT)
        leanings = [(member, (number + 0.5) / len(self.members)) for number, member in enumerate(self.members)]
        coming = [
            (member, min(max((1 - leaning if chance() < SURPRISES else leaning) + tilt, 0.0), 1.0))
            for member, leaning in leanings
            if chance() >= STAYS_AWAY
        ]
        self._random.shuffle(coming)
        return coming + [(member, 1 - wish) for member, wish in coming if chance() < TURNS]


def choice(wish: float, count: int) -> int:
    """The place of the button somebody presses. Of three the last is for whoever stands between the other two."""
    if count == 3:
        return 2 if abs(wish - 0.5) < UNDECIDED else int(wish > 0.5)
    return min(int(wish * count), count - 1)


def buttons(message: Message, prefix: str) -> list[dict[str, Any]]:
    """The buttons of a message that can be pressed and whose custom_id begins so."""
    return [
        part
        for part in walk_components(list(message.components))
        if part.get("type") == ComponentType.BUTTON
        and str(part.get("custom_id") or "").startswith(prefix)
        and not part.get("disabled")
    ]
