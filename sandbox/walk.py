"""The demo's walk: members of the crowd discuss one story, stop by stop, by the clicks and forms that members have.

Nothing here knows what the bot will say. Each stop waits for what it needs, as a member does who looks at the thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.actors import CannotDo
from sandbox.crowd import buttons
from sandbox.server import Sandbox
from sandbox.shown import Answer, HasId, Member, Message

PAUSE_SECONDS = 3.0  # for whoever reads along
CLICK_SECONDS = 0.25  # between two members who do the same
PATIENCE = 30.0
AGAIN_SECONDS = 3.0  # until something is tried again
TRIES = 3  # a busy machine may be too late with an answer

# What the custom_id of each button begins with.
DISCUSS, TAKE, FIRE, BACK, ASK, SHARE = "discuss:", "hot:", "fire:", "back:", "ask:", "share:"
STAND, POST, STANDINGS = "stand:", "recap-post:", "standings:"

STOPS = ("Discuss", "Hot takes", "Fire", "Push back", "Ask", "Debate", "Result", "Recap")
"""What there is to see, in this order."""


@dataclass(frozen=True)
class Take:
    """What a member says, and for which side."""

    name: str
    side: str
    text: str


FIRST = Take("Ada", "open", "Anyone can download it, run it and take it apart. Try that with a price list.")
OTHERS = (
    Take("Priya", "proprietary", "A licence answers no phone. When it goes wrong at night, whom do you call?"),
    Take("Jonas", "depends", "Cheap to train is one thing. Somebody still pays for everybody who runs it."),
)
FANS = ("Bruno", "Chiara", "Esra", "Finn", "Keiko", "Noor")
ANSWER = Take("Oskar", "proprietary", "And who checks those five million? So far the lab has only given its own word.")
ASKER, QUESTION = "Lena", "How many dollars did training R1 cost?"
TALK = (
    ("Finn", "Five million or fifty: it runs in my cellar tonight."),
    ("Chiara", "On what, your doorbell?"),
    ("Finn", "On two old cards and a very loud fan."),
)
ROUNDS = (
    (
        Take("Dmitri", "open", "200,000 queries for fifty cents. That is what happens when everybody may build on it."),
        Take(
            "Hamza", "proprietary", "A model all can afford is a model all run. So the big halls are no folly at all."
        ),
    ),
    (
        Take("Giulia", "proprietary", "Cheap today because somebody paid dearly before. Who pays for the next one?"),
        Take("Mateo", "open", "The next one is paid for by all who no longer have to begin at nothing."),
    ),
)
"""What is said when the floor is open, round by round."""

# Who stands where before and after the debate: more are for open source throughout, more move to the other side.
STANDS = (
    *((name, "open", "open") for name in ("Ada", "Bruno", "Chiara", "Dmitri", "Finn", "Keiko")),
    *((name, "proprietary", "proprietary") for name in ("Hamza", "Oskar", "Priya")),
    *((name, "open", "proprietary") for name in ("Esra", "Giulia")),
    *((name, "depends", "proprietary") for name in ("Jonas", "Lena")),
    *((name, "depends", "open") for name in ("Ines", "Mateo", "Noor")),
)


@dataclass(frozen=True)
class Stop:
    """Something that was shown, and the message in which it is to be seen."""

    label: str
    channel_id: int
    message_id: int


class Walk:
    """Goes from stop to stop. ``stops`` are those it has reached; ``trouble`` says why it got no further.

    ``database`` is the bot's own file; see ``hurry``.
    """

    def __init__(
        self, sandbox: Sandbox, news: HasId, moderator: Member, crowd: Sequence[Member], database: Path
    ) -> None:
        self._sandbox = sandbox
        self._news = news
        self._moderator = moderator
        self._crowd = {member.name: member for member in crowd}
        self._database = database
        self.stops: list[Stop] = []
        self.trouble = ""

    async def go(self) -> None:
        """Go all the way, or as far as the bot comes along."""
        try:
            thread = await self._discuss()
            await self._argue(thread)
            await self._ask(thread)
            await self._debate(thread)
            await self._recap()
        except (CannotDo, TimeoutError) as error:
            self.trouble = str(error)

    def told(self) -> str:
        """What was shown, in a line; and a second one if there was trouble."""
        shown = ", ".join(stop.label for stop in self.stops) or "nothing"
        trouble = f"\nThe crowd got no further: {self.trouble}." if self.trouble else ""
        return f"The crowd showed {shown}.{trouble}"

    # ------------------------------------------------------------------------- stops

    async def _discuss(self) -> HasId:
        """Open the thread of the first card."""
        card = await self._with(self._news, DISCUSS)
        await self._pause()
        for _ in range(TRIES):
            await self._press(FIRST.name, card, DISCUSS)
            # In the moment in which a card is sent the bot can't know it yet.
            with contextlib.suppress(TimeoutError):
                await self._sandbox.until(lambda: card.id in self._threads(), "the thread", AGAIN_SECONDS)
                break
        else:
            raise CannotDo("Discuss opened no thread")
        self._reached("Discuss", card)
        await self._pause()
        return self._threads()[card.id]

    def _threads(self) -> dict[int, HasId]:
        """The threads of cards, by the ids of their cards."""
        return {thread.id: thread for thread in self._sandbox.threads(self._news)}

    async def _argue(self, thread: HasId) -> None:
        """Say something for each side; one take is found hot, and pushed back on."""
        opener = await self._with(thread, TAKE)
        hot = await self._say(thread, FIRST, opener, TAKE)
        self._reached("Hot takes", opener)
        for take in OTHERS:
            await self._pause()
            await self._say(thread, take, opener, TAKE)
        await self._pause()
        fire = buttons(hot, FIRE)[0]["custom_id"]
        await self._all(hot, dict.fromkeys(FANS, fire))
        self._reached("Fire", hot)
        await self._pause()
        self._reached("Push back", await self._say(thread, ANSWER, hot, BACK))
        await self._pause()
        for name, words in TALK:
            self._sandbox.say(self._crowd[name], thread, words)
            await self._pause()

    async def _ask(self, thread: HasId) -> None:
        """Ask the article, and share what it says."""
        form = await self._press(ASKER, await self._with(thread, ASK), ASK)
        answer = await self._sandbox.submit(self._crowd[ASKER], form, {"question": QUESTION})
        if answer.message is None:
            raise CannotDo("a question got no answer")
        newest = self._newest(thread)
        await self._press(ASKER, answer.message, SHARE)
        self._reached("Ask", await self._with(thread, ASK, after=newest))
        await self._pause()

    async def _debate(self, thread: HasId) -> None:
        """Have the sides debate between two votes; without a model the members make every case."""
        newest = self._newest(thread)
        await self._sandbox.slash(self._moderator, thread, "debate start", rounds=len(ROUNDS), minutes=1)
        opening = await self._with(thread, STAND, after=newest)
        self._reached("Debate", opening)
        await self._stand(opening, {name: before for name, before, _ in STANDS})
        last = opening.id
        for takes in ROUNDS:
            floor = await self._a_minute_later(thread, lambda message: bool(buttons(message, TAKE)), last)
            for take in takes:
                await self._pause()
                last = (await self._say(thread, take, floor, TAKE)).id
        closing = await self._a_minute_later(thread, lambda message: bool(buttons(message, STAND)), last)
        await self._stand(closing, {name: after for name, _, after in STANDS})
        bot_id = self._sandbox.world.bot_user.id
        result = await self._a_minute_later(thread, lambda each: each.author_id == bot_id, closing.id)
        self._reached("Result", result)
        await self._pause()

    async def _recap(self) -> None:
        """Look at what the week came to, and post it."""
        preview = await self._sandbox.slash(self._moderator, self._news, "recap")
        if preview.message is None:
            raise CannotDo("there was no recap to see")
        newest = self._newest(self._news)
        await self._press(self._moderator.name, preview.message, POST)
        self._reached("Recap", await self._with(self._news, STANDINGS, after=newest))

    def _reached(self, label: str, message: Message) -> None:
        self.stops.append(Stop(label, message.channel_id, message.id))
        self._sandbox.changes.tell()

    # ------------------------------------------------------------------ what members do

    async def _say(self, thread: HasId, take: Take, on: Message, button: str) -> Message:
        """Have a take dropped in the form that a button opens, and return the message that shows it."""
        newest = self._newest(thread)
        form = await self._press(take.name, on, button)
        await self._sandbox.submit(self._crowd[take.name], form, {"side": take.side, "text": take.text})
        return await self._with(thread, FIRE, after=newest)

    async def _stand(self, ballot: Message, sides: Mapping[str, str]) -> None:
        """Have members say where they stand."""
        choices = {each["custom_id"].rpartition(":")[2]: each["custom_id"] for each in buttons(ballot, STAND)}
        await self._all(ballot, {name: choices[side] for name, side in sides.items() if side in choices})

    async def _all(self, on: Message, pressed: Mapping[str, str]) -> None:
        """Have members press one button each, one shortly after the other; whoever can't is left out."""

        async def press(number: int, name: str, custom_id: str) -> None:
            await asyncio.sleep(number * CLICK_SECONDS)
            with contextlib.suppress(CannotDo):
                await self._click(name, on, custom_id)

        await asyncio.gather(*(press(number, *each) for number, each in enumerate(pressed.items())))

    async def _press(self, name: str, on: Message, kind: str) -> Answer:
        found = buttons(self._sandbox.look(on) or on, kind)
        if not found:
            raise CannotDo(f"there is no button {kind} any more")
        return await self._click(name, on, found[0]["custom_id"])

    async def _click(self, name: str, on: Message, custom_id: str) -> Answer:
        member = self._crowd.get(name, self._moderator)
        for _ in range(TRIES - 1):
            with contextlib.suppress(CannotDo):
                return await self._sandbox.click(member, on, custom_id=custom_id)
        return await self._sandbox.click(member, on, custom_id=custom_id)

    async def _pause(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)

    # ------------------------------------------------------------------ what they wait for

    async def _with(self, place: HasId, kind: str, after: int = 0) -> Message:
        """Wait for a message that has such a button."""
        return await self._one(place, lambda message: bool(buttons(message, kind)), after)

    async def _a_minute_later(self, thread: HasId, fits: Callable[[Message], bool], after: int) -> Message:
        """Leave some time to read, let that be a minute to the bot, and wait for what it says then."""
        await self._pause()
        await self._pause()
        # Again, because the bot gives a phase whose message it isn't yet sure of a minute more.
        for _ in range(round(PATIENCE / AGAIN_SECONDS)):
            await asyncio.to_thread(hurry, self._database, datetime.now(UTC))
            with contextlib.suppress(TimeoutError):
                return await self._one(thread, fits, after, AGAIN_SECONDS)
        raise TimeoutError("the debate did not go on")

    async def _one(
        self, place: HasId, fits: Callable[[Message], bool], after: int = 0, timeout: float | None = None
    ) -> Message:
        """Wait for a message that fits and is younger than the one with this id; return the first.

        ``timeout`` is PATIENCE if left out.
        """
        found: list[Message] = []

        def is_there() -> bool:
            messages = self._sandbox.messages(place)
            found[:] = [message for message in messages if message.id > after and fits(message)][:1]
            return bool(found)

        last = self.stops[-1].label if self.stops else "the first card"
        await self._sandbox.until(is_there, f"what follows {last}", timeout or PATIENCE)
        return found[0]

    def _newest(self, place: HasId) -> int:
        return max((message.id for message in self._sandbox.messages(place)), default=0)


def hurry(database: Path, now: datetime) -> None:
    """Have the minute be over that a phase of a debate lasts at least, because nobody watches a demo for so long.

    The bot has no clock to be put forward, and asks its database alone what is due.
    """
    a_minute_ago = (now - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        said = "UPDATE remark SET sent_at = ? WHERE turn_id IS NOT NULL AND sent_at > ?"
        connection.execute(said, (a_minute_ago, a_minute_ago))
        connection.execute("UPDATE debate SET due_at = ? WHERE due_at > ?", (a_minute_ago, a_minute_ago))
