"""What can go wrong, as one tree. Every text here may be read by a member or an admin.

NewsroomError
├── BadSetting          the operator's settings can't work; names the variable
├── StoreError          the database can't be used
│   ├── SchemaTooNew      a newer Popcorn wrote it
│   └── MigrationFailed   a step failed, the schema is as it was
├── FeedError           this one feed could not be read; the others are untouched
│   ├── AddressRefused    not an address we may open
│   ├── FetchFailed       nobody there, too slow, too large, or not a good answer
│   ├── HostParked        its host wants to be left alone for a while; nobody was asked
│   └── NotAFeed          it answered, but with nothing we can read as a feed
├── NoArticle           a page holds no article that we can or may read; its feed's summary stands for it
├── RequestRefused      what a member asked for can't be done; says what to do instead
│   └── DebateRuns        a server has a debate already; says where
├── ModelFailed         the language model gave no answer that can be used; ``kind`` says why
├── BudgetSpent         no more questions to language models for a while; says which limit and until when
└── ChartFailed         the chart could not be drawn; the figures stand without it

No message ever holds an address that was resolved, a token, or text of an exception of a library.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class NewsroomError(Exception):
    """The root of all that we raise on purpose."""


class BadSetting(NewsroomError):
    """A setting that can't work. ``name`` is the variable's, the text says how to get a right one."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


class StoreError(NewsroomError):
    """The database can't be used."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version of this program."""


class MigrationFailed(StoreError):
    """A migration step failed and was taken back."""


class FeedError(NewsroomError):
    """One feed could not be read."""


class AddressRefused(FeedError):
    """The address, or one it leads to, is none that we may open."""


class FetchFailed(FeedError):
    """The server could not be reached or gave no good answer.

    ``status`` is the HTTP status if there was one; ``retry_after`` is how long the server asks us to stay away.
    """

    def __init__(self, text: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


class HostParked(FeedError):
    """The address's host has asked to be left alone ``until`` then, so nobody was asked."""

    def __init__(self, until: datetime) -> None:
        super().__init__("That site wants to be asked less often, so I leave it alone for a while.")
        self.until = until


class NotAFeed(FeedError):
    """The body is nothing that we can read as a feed."""


class NoArticle(NewsroomError):
    """A page holds no article that we can or may read."""


class RequestRefused(NewsroomError):
    """A member asked for something that can't be done."""


class DebateRuns(RequestRefused):
    """A guild has a debate already: in that channel, with that ``mark`` on its buttons.

    The text tells neither, since whoever asked may not see the channel.
    """

    def __init__(self, channel_id: int, mark: str) -> None:
        super().__init__("There is a debate in this server already. One at a time.")
        self.channel_id = channel_id
        self.mark = mark


class Failure(StrEnum):
    """Why a language model gave no answer that can be used."""

    AWAY = "away"  # nobody there, or the connection broke
    BUSY = "busy"  # too many questions: theirs to say, or no slot of ours came free
    REFUSED = "refused"  # the key, the account, or the name of the model
    TOO_LONG = "too long"  # the question, for what the model can hold
    MISFIT = "misfit"  # it takes no such question
    SLOW = "slow"  # not done in time, or nothing more came
    GARBLED = "garbled"  # an answer, but none of a model: a page, a redirect, broken JSON
    EMPTY = "empty"  # the model said nothing, or did nothing but think
    UNFIT = "unfit"  # no data of the shape that was asked for, twice
    RESTING = "resting"  # it failed several times in a row and is left alone for a while


class ModelFailed(NewsroomError):
    """A language model gave no answer that can be used; whoever asked does without.

    ``status`` is the one of HTTP that it was refused with, None where nobody said so. ``tokens_in`` and ``tokens_out``
    are what the attempt took all the same, as far as it is known. The text is for members; it tells nothing of these.
    """

    def __init__(self, kind: Failure, *, status: int | None = None, tokens_in: int = 0, tokens_out: int = 0) -> None:
        super().__init__(_FAILURES[kind])
        self.kind = kind
        self.status = status
        self.tokens_in = tokens_in
        self.tokens_out = tokens_out


_FAILURES = {
    Failure.AWAY: "The language model can't be reached at the moment.",
    Failure.BUSY: "The language model has too much to do at the moment.",
    Failure.REFUSED: "The language model doesn't take questions from here at the moment.",
    Failure.TOO_LONG: "That is too long for the language model.",
    Failure.MISFIT: "The language model takes no such question.",
    Failure.SLOW: "The language model took too long.",
    Failure.GARBLED: "What the language model answered can't be read.",
    Failure.EMPTY: "The language model had nothing to say.",
    Failure.UNFIT: "The language model's answer can't be used.",
    Failure.RESTING: "The language model failed several times and is left alone for a few minutes.",
}


class BudgetSpent(NewsroomError):
    """One of the limits on questions to language models is reached. ``frees_at`` is when it is over."""

    def __init__(self, text: str, frees_at: datetime) -> None:
        super().__init__(text)
        self.frees_at = frees_at


class ChartFailed(NewsroomError):
    """The chart could not be drawn. The figures stand without it."""
