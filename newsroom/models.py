"""The nouns of the newsroom, as values: nothing here changes, reads a clock or asks anyone.

The words are those of ``docs/design.md``, section 2. Times are aware and in UTC. Identifiers of guilds,
channels, messages and members are Discord's; all others are the store's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

Sees = Callable[[int], bool]
"""Whether whoever reads something sees a channel."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as its document tells it, before anyone has asked whether it is known.

    ``title`` and ``summary`` are safe plain text (see ``newsroom.text``); both may be empty. ``link`` and
    ``picture`` are absolute http(s) addresses or None. ``published`` is whatever the feed claims, in UTC, if it
    is later than ``newsroom.times.EARLIEST_DATE``. ``text`` is the whole article as paragraphs of safe plain text, if
    the document carries it. ``fingerprint`` names its very bytes, where those could be cut out.
    """

    guid: str | None
    link: str | None
    title: str
    summary: str = ""
    picture: str | None = None
    published: datetime | None = None
    text: tuple[str, ...] | None = None
    fingerprint: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """What a feed's body says: its own name and page, its entries from top to bottom, and how seldom to read it.

    ``left_out`` are the fingerprints of items that are missing from ``entries`` because they were known by their bytes.
    """

    title: str
    site_url: str | None
    entries: tuple[Entry, ...]
    hint: timedelta | None = None
    left_out: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page points at, with the page's own name for it (plain text, may be empty)."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Feed:
    """An address that lists articles, and what its last readings taught us.

    ``failures`` counts the failed readings since the last good one, which began ``failing_since``, and ``error`` says
    the newest of them in words; with ``gone_at`` it isn't read any more. ``due_at`` is when it is read next, and
    ``interval_seconds`` the wait after its last good reading, None after one that brought news. ``rhythm_seconds`` is
    the usual gap between its articles and ``news_at`` when it brought the last. ``hint_seconds`` is how seldom the
    document itself asks to be read. ``fetches`` counts readings. ``moved_to`` is where permanent redirects have led on
    ``moved_days`` days, the last ``moved_on``. ``entry_host`` is the host that all its items shared, if any.
    ``fingerprints`` are those of the items that were remembered, and ``sighted_at`` is when it was last read whole.
    """

    id: int
    url: str
    title: str
    site_url: str | None
    etag: str | None
    last_modified: str | None
    body_hash: bytes | None
    entry_host: str | None
    failures: int
    error: str | None
    checked_at: datetime | None
    succeeded_at: datetime | None
    due_at: datetime
    fetches: int = 0
    interval_seconds: float | None = None
    rhythm_seconds: float | None = None
    news_at: datetime | None = None
    hint_seconds: int | None = None
    failing_since: datetime | None = None
    gone_at: datetime | None = None
    moved_to: str | None = None
    moved_days: int = 0
    moved_on: date | None = None
    fingerprints: bytes | None = None
    sighted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """One entry of one feed, remembered."""

    id: int
    feed_id: int
    story_id: int
    title: str
    url: str | None
    summary: str
    picture_url: str | None
    published_at: datetime | None
    found_at: datetime


class ChannelKind(StrEnum):
    """What sort of place a news channel is, because each takes a card in its own way."""

    TEXT = "text"
    ANNOUNCEMENT = "announcement"
    FORUM = "forum"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class NewsChannel:
    """A channel, thread or forum that gets news.

    Paused by a moderator (``paused_until`` is None for "until resumed") or suspended because Discord refuses
    us there; ``suspended_for`` is the reason in words and ``suspended_code`` Discord's own, 0 for none. In both cases
    its deliveries wait. It gets at most ``per_hour`` and ``per_day`` cards, 0 for any number; ``free_cards`` more may
    come whatever was sent in the hour, because they waited or were asked for. ``muted_for`` is in words why we may not
    speak in its discussions.
    """

    channel_id: int
    guild_id: int
    kind: ChannelKind
    tag_id: int | None
    paused: bool
    paused_until: datetime | None
    suspended_for: str | None
    suspended_code: int = 0
    per_hour: int = 4
    per_day: int = 20
    free_cards: int = 0
    muted_for: str | None = None


class SubscriptionState(StrEnum):
    """Whether a subscription gets news. Held: what comes waits until an admin has looked at it."""

    ACTIVE = "active"
    PAUSED = "paused"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Subscription:
    """This feed goes to this news channel. ``title`` is the admin's own name for the feed, if given.

    With ``baseline_due`` the next reading of the feed only learns what it holds and posts none of it here. One
    with a ``removed_at`` is gone for everybody, and kept a while as it was so that it can be brought back. Without
    ``hold_floods`` what the feed brings is posted here even if it looks new as a whole.
    """

    id: int
    feed_id: int
    channel_id: int
    guild_id: int
    title: str | None
    state: SubscriptionState
    baseline_due: bool
    added_by: int
    added_at: datetime
    removed_at: datetime | None
    hold_floods: bool = True


@dataclass(frozen=True, slots=True)
class News:
    """Articles in the order in which they are posted, and the subscriptions whose channels get them."""

    articles: Sequence[Article]
    subscriptions: Sequence[Subscription]


class DeliveryState(StrEnum):
    """How far one story is on its way to one news channel.

    A delivery that stands at ``sending`` and is in nobody's hands may have arrived: look before sending.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


ON_ITS_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)


class PublishState(StrEnum):
    """How far the publishing of a card in an announcement channel is; a step of its own after ``sent``."""

    NONE = "none"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One story on its way to one news channel. Its id is its place in the channel's order.

    ``attempted_at`` is when the first attempt began that may have reached the channel, None while surely
    nothing stands there.
    """

    id: int
    story_id: int
    article_id: int
    channel_id: int
    guild_id: int
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Digest:
    """One page of a list of stories that were over a channel's limit, or waited too long. See Delivery for the rest."""

    id: int
    channel_id: int
    guild_id: int
    page: int
    pages: int
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the stories of a news channel fare: how many wait, how many Discord took in no form, and the newest why."""

    waiting: int
    waiting_for: str | None
    refused: int
    refused_for: str | None


@dataclass(frozen=True, slots=True)
class Redraw:
    """A card that stands in a channel and shows less than we know by now. ``place_id`` is where its message is.

    If nobody says until ``taken_until`` that it was drawn, it is drawn again.
    """

    delivery_id: int
    guild_id: int
    place_id: int
    message_id: int
    card: Card
    taken_until: datetime


@dataclass(frozen=True, slots=True)
class Publishing:
    """A card that stands in an announcement channel and has yet to be published to its followers."""

    delivery_id: int
    channel_id: int
    guild_id: int
    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: values only, so that the same story can be drawn for a channel, a forum or a preview.

    ``mark`` tells our card from all others in a channel; it is empty on a preview, which nobody looks up. ``poll`` is
    the team poll under the story, if it has one, and ``also`` are the other sources that tell it, by name and address.
    With ``discuss`` it can have a thread.
    """

    headline: str
    source: str
    url: str | None
    summary: str
    picture_url: str | None
    published_at: datetime | None
    mark: str
    poll: ShownPoll | None = None
    also: tuple[tuple[str, str | None], ...] = ()
    discuss: bool = False

    @classmethod
    def of(
        cls,
        article: Article,
        source: str,
        mark: str,
        poll: ShownPoll | None = None,
        also: tuple[tuple[str, str | None], ...] = (),
        *,
        discuss: bool = False,
    ) -> Card:
        """The card that tells an article, under its source's name in that channel."""
        return cls(
            headline=article.title,
            source=source,
            url=article.url,
            summary=article.summary,
            picture_url=article.picture_url,
            published_at=article.published_at,
            mark=mark,
            poll=poll,
            also=also,
            discuss=discuss,
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a card comes from: the feed by its title and address, when the article was found, and its link.

    ``terms`` are the words by which the story was found to be about ``camp``; a moderator may have ``corrected`` that.
    """

    feed_title: str
    feed_url: str
    found_at: datetime
    url: str | None
    camp: Camp | None = None
    terms: tuple[Term, ...] = ()
    corrected: bool = False


class Health(StrEnum):
    """How a feed, or what it brings to a guild, is doing; the worst that is true of it."""

    OK = "ok"
    DEGRADED = "degraded"
    """Its last reading failed, and that began less than a day ago."""
    STALE = "stale"
    """It answers, and has brought nothing for far longer than it used to."""
    FAILING = "failing"
    """No reading has gone well for a day."""
    HELD = "held"
    """Nearly all it holds looked new at once; what it brings waits for an admin's word."""
    GONE = "gone"
    """Its server says that it is gone for good; it isn't read any more."""
    BLOCKED = "blocked"
    """Discord doesn't let us post in its news channel."""


class AlertKind(StrEnum):
    """What admins are told of: how feeds do once a day, all else at once. A line is what nobody has to act on."""

    BLOCKED = "blocked"
    MUTED = "muted"
    HELD = "held"
    GONE = "gone"
    DAILY = "daily"
    LINE = "line"


class Line(StrEnum):
    """What a line for admins tells, never with what was said: who did something, or what we did by ourselves."""

    TAKE_REMOVED = "take removed"
    AUTHOR_BLOCKED = "author blocked"
    ANSWER_REMOVED = "answer removed"
    ROUND_REMOVED = "round removed"
    DEBATE_STOPPED = "debate stopped"
    MODEL_RESTS = "model rests"
    RECAP_PAUSED = "recap paused"
    RECAP_LEFT_OUT = "recap left out"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a guild's admins have to hear of. ``channel_id`` or ``feed_id`` is what it is about.

    ``line`` says what a line tells; ``member_id`` is who did that, until it is told, and ``detail`` a name or a reason.
    ``place_id`` is the channel to which it was sent, or tried to be. See Delivery for ``attempted_at``.
    """

    id: int
    guild_id: int
    kind: AlertKind
    feed_id: int | None
    channel_id: int | None
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    place_id: int | None
    message_id: int | None
    created_at: datetime
    line: Line | None = None
    member_id: int | None = None
    detail: str | None = None


class Side(StrEnum):
    """The team a member belongs to, and what a choice in a team poll stands for."""

    OPEN = "open"
    PROPRIETARY = "proprietary"
    DEPENDS = "depends"


class Camp(StrEnum):
    """Which side or sides a story is about."""

    OPEN = "open"
    PROPRIETARY = "proprietary"
    BOTH = "both"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Term:
    """One reason for a camp: the words of the article that matched, for which side, and how much they weigh."""

    text: str
    side: Side
    weight: int


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """How a guild wants its polls. ``per_day`` is how many team polls a news channel gets by itself in a day.

    ``timezone`` is a name of the IANA database. The role ids are those of the team roles, once they were made.
    ``alerts_channel_id`` is where its admins want to hear what is wrong.

    ``model``: language models may write here. ``member_hour`` and ``server_day`` are how many questions its admins let
    a member ask them in an hour and all members in a day; None where they left that as it is.
    """

    guild_id: int
    timezone: str = "UTC"
    open_label: str = "Open source"
    proprietary_label: str = "Proprietary"
    depends_label: str = "It depends"
    depends: bool = True
    story_polls: bool = True
    per_day: int = 1
    team_roles: bool = False
    open_role_id: int | None = None
    proprietary_role_id: int | None = None
    depends_role_id: int | None = None
    alerts_channel_id: int | None = None
    model: bool = True
    member_hour: int | None = None
    server_day: int | None = None

    def label(self, side: Side) -> str:
        """What this guild calls a side."""
        return {
            Side.OPEN: self.open_label,
            Side.PROPRIETARY: self.proprietary_label,
            Side.DEPENDS: self.depends_label,
        }[side]


class PollKind(StrEnum):
    """Whether a poll asks for the teams, or whatever a moderator wanted to know."""

    TEAM = "team"
    CUSTOM = "custom"


class PollStyle(StrEnum):
    """Whether a poll has buttons of ours or is Discord's own."""

    BUTTONS = "buttons"
    NATIVE = "native"


class Visibility(StrEnum):
    """Who can see what a member voted: nobody in the guild, or everybody."""

    ANONYMOUS = "anonymous"
    PUBLIC = "public"


class Results(StrEnum):
    """When the tally is shown: always, to those who have voted, or once the poll is closed."""

    LIVE = "live"
    AFTER_VOTE = "after_vote"
    AFTER_CLOSE = "after_close"


class PollState(StrEnum):
    """Whether votes count."""

    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a team poll ended: won by a team, or why neither can be called the winner."""

    OPEN = "open"
    PROPRIETARY = "proprietary"
    CLOSE = "close"
    TIED = "tied"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to vote for. ``votes`` is its final count, None while the poll is open."""

    position: int
    label: str
    side: Side | None = None
    votes: int | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """A question. ``closes_at`` None: until somebody closes it. ``opened_by`` None: it opened by itself.

    ``revision`` counts the changes that no vote made: closed, reopened, edited, a voter forgotten. ``voters``,
    ``outcome``, ``crossed`` and ``switched`` are what its closing came to, None while it is open.
    """

    id: int
    guild_id: int
    channel_id: int
    kind: PollKind
    style: PollStyle
    story_id: int | None
    question: str
    visibility: Visibility
    results: Results
    max_choices: int
    role_id: int | None
    state: PollState
    automatic: bool
    repeat_id: int | None
    opened_by: int | None
    opened_at: datetime
    closes_at: datetime | None
    closed_at: datetime | None
    revision: int
    voters: int | None
    outcome: Outcome | None
    crossed: int | None
    switched: int | None
    choices: tuple[Choice, ...] = ()

    @property
    def has_sides(self) -> bool:
        """Whether a vote in it can be one for a team."""
        return any(choice.side for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Tally:
    """A poll's votes counted: for each choice in order, and how many members voted at all."""

    counts: tuple[int, ...]
    voters: int


@dataclass(frozen=True, slots=True)
class ShownPoll:
    """All that it takes to show a poll: values only. ``mark`` names it on its buttons."""

    poll: Poll
    mark: str
    tally: Tally
    settings: GuildSettings


class Purpose(StrEnum):
    """Why a message shows a poll: a story's card, a reply to that card, the poll itself, a recap, or its result."""

    CARD = "card"
    REPLY = "reply"
    POLL = "poll"
    RECAP = "recap"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class PollMessage:
    """A message that shows a poll or is about to. It is sent as deliveries are: see ``DeliveryState``.

    ``delivery_id`` is the card's, on a card. ``drawn_votes`` and ``drawn_revision`` say which state of the poll it
    shows: how many entries the log had, and the poll's revision.
    """

    id: int
    poll_id: int
    guild_id: int
    channel_id: int
    purpose: Purpose
    delivery_id: int | None
    reply_to: int | None
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None
    sent_at: datetime | None
    drawn_votes: int
    drawn_revision: int
    drawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Vote:
    """One member's answer, as one entry of the log.

    ``ballot`` has the bit ``1 << position`` set for each choice; 0 means that the member took the vote back.
    ``crossed``: it was for the other team than the member's own. ``restores`` is set where a vote was undone: the
    earlier entry that holds again.
    """

    id: int
    poll_id: int
    guild_id: int
    member_id: int
    ballot: int
    crossed: bool
    cast_at: datetime
    restores: int | None = None


class Cause(StrEnum):
    """Why a member's side changed."""

    FIRST_VOTE = "first vote"
    UNDONE = "undone"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class SideChange:
    """One entry of the log of sides. ``side`` None: the member has none any more.

    ``poll_id`` is the poll from which it came, ``vote_id`` the entry of the log of votes that set it.
    """

    id: int
    guild_id: int
    member_id: int
    side: Side | None
    cause: Cause
    poll_id: int | None
    vote_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Members by side: where they stood at the end of a day, or now."""

    open: int = 0
    proprietary: int = 0
    depends: int = 0

    @property
    def members(self) -> int:
        return self.open + self.proprietary + self.depends


@dataclass(frozen=True, slots=True)
class Take:
    """A member's hot take, on a story or else on a poll.

    ``anonymous``: its author's name is shown to nobody. ``answers_id`` is the take that it pushes back on.
    ``written_at`` is when these words were said for this side, ``edited_at`` when it was said again last, if it was.
    ``channel_id`` is the news channel, or that of the poll, in which it was said last; None if nobody noted it.
    """

    id: int
    guild_id: int
    story_id: int | None
    poll_id: int | None
    member_id: int
    side: Side | None
    text: str
    written_at: datetime
    anonymous: bool = False
    answers_id: int | None = None
    edited_at: datetime | None = None
    channel_id: int | None = None


class TextBasis(StrEnum):
    """Where an article's text was read: in full in its feed, on its page, or no more than its feed's summary."""

    FEED = "feed"
    PAGE = "page"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class ArticleText:
    """What an article says, as paragraphs of safe plain text on one line each; the first is number 1 to a reader.

    There may be none: not every feed has a summary.
    """

    article_id: int
    paragraphs: tuple[str, ...]
    basis: TextBasis
    read_at: datetime


class SummaryBasis(StrEnum):
    """Who wrote a summary: the feed, nobody (sentences of the article, chosen by us), or a language model."""

    FEED = "feed"
    EXTRACT = "extract"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Summary:
    """A few sentences that tell a story, and who wrote them; ``model`` is its name where that was a model."""

    text: str
    basis: SummaryBasis
    model: str | None = None


class ThreadMode(StrEnum):
    """When a card in a news channel gets a thread: never, on the first click on Discuss, or at once."""

    NONE = "none"
    DISCUSS = "discuss"
    ALWAYS = "always"


class ThreadState(StrEnum):
    """Whether a card's thread is there: about to be opened, open, or gone because it was deleted or never could be."""

    PENDING = "pending"
    OPEN = "open"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Thread:
    """The thread of a card, where its story is discussed. Its id is that of the card's message, or of the post.

    ``opened_at`` is when its discussion was opened: a forum's post is open, and nobody may have wanted to discuss yet.
    """

    thread_id: int
    delivery_id: int
    guild_id: int
    channel_id: int
    state: ThreadState
    attempts: int
    due_at: datetime
    opened_at: datetime | None = None


class AskKind(StrEnum):
    """Whether a member asked a question, or had a statement checked."""

    QUESTION = "question"
    CHECK = "check"


class AskState(StrEnum):
    """How far a question is: its asker is to be told; was told the answer; nothing came of it."""

    WAITING = "waiting"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a member asked about a card's story, or the words of the message ``checked_id`` that they had checked.

    Those words are somebody else's, so they are kept for no longer than it takes to check them: ``question`` is empty
    then.

    ``reply_to`` is the message that mentioned us, for an answer in public; else ``token`` with ``application_id`` is
    what the asker's private reply is changed by, as long as that is to come. ``answer`` is JSON, once there is one.
    Until ``taken_until`` one process is about to tell it; ``attempts`` counts those that took it over.
    ``usage_id`` is what it has reserved of the budget.
    """

    id: int
    guild_id: int
    member_id: int
    delivery_id: int
    kind: AskKind
    question: str
    channel_id: int
    reply_to: int | None
    application_id: int | None
    token: str | None
    state: AskState
    attempts: int
    asked_at: datetime
    taken_until: datetime
    answer: str | None
    usage_id: int | None
    checked_id: int | None


class DebatePhase(StrEnum):
    """How far a debate is: votes before, its rounds, votes after, ended with a result, or stopped without one."""

    BEFORE = "before"
    ROUNDS = "rounds"
    AFTER = "after"
    OVER = "over"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Debate:
    """Two sides argue about a card's story. ``channel_id`` is the thread or channel in which they do.

    It has so many ``rounds``, of which ``round`` is on, and each phase lasts ``minutes``. ``due_at`` is when the next
    step is due; None while its models are about to speak, or once it has ended.
    """

    id: int
    guild_id: int
    delivery_id: int
    channel_id: int
    rounds: int
    minutes: int
    phase: DebatePhase
    round: int
    due_at: datetime | None
    started_at: datetime
    ended_at: datetime | None


class TurnKind(StrEnum):
    """What a message of a debate is: its opening, a model's case for a side, the floor, votes after, how it ended."""

    OPENING = "opening"
    CASE = "case"
    FLOOR = "floor"
    CLOSING = "closing"
    RESULT = "result"


class TurnState(StrEnum):
    """Whether a turn is still to be written, is there, came to nothing, or was removed by a moderator."""

    WAITING = "waiting"
    WRITTEN = "written"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class DebateTurn:
    """A turn: what one message of a debate says. ``round`` is 0 before the first one.

    A case has the ``side`` for which ``model`` wrote ``text``, or why there is none. An opening's and a floor's text is
    what the article says, on the stated ``basis``; a result's is what ``newsroom.discussion.shift`` wrote. While a case
    is written, ``taken_until`` is until when it is in somebody's hands; ``attempts`` counts those.
    """

    id: int
    debate_id: int
    kind: TurnKind
    round: int
    side: Side | None
    state: TurnState
    text: str | None
    basis: SummaryBasis | None
    model: str | None
    attempts: int
    taken_until: datetime | None


class RemarkKind(StrEnum):
    """What we say in a discussion: what opens it, that its story has grown, a take, an answer, or a debate's turn."""

    OPENER = "opener"
    GROWTH = "growth"
    TAKE = "take"
    ANSWER = "answer"
    DEBATE = "debate"


@dataclass(frozen=True, slots=True)
class Remark:
    """A message of ours in a discussion, or on its way there. ``channel_id`` is the thread or channel it goes to.

    ``delivery_id`` is the card it is about, ``take_id`` the take, ``ask_id`` the answer or ``turn_id`` the turn that it
    shows, ``reply_to`` the message it answers. With ``withdrawn`` it is to go. See Delivery for the rest.
    """

    id: int
    guild_id: int
    channel_id: int
    kind: RemarkKind
    delivery_id: int
    take_id: int | None
    ask_id: int | None
    reply_to: int | None
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None
    withdrawn: bool
    turn_id: int | None


class Tone(StrEnum):
    """How a language model speaks in a news channel."""

    PLAIN = "plain"
    PLAYFUL = "playful"
    SHARP = "sharp"


@dataclass(frozen=True, slots=True)
class DiscussionSettings:
    """How a news channel discusses. Where ``takes``, ``ask`` or ``debate`` is off, their buttons aren't shown there.

    ``anonymous_takes`` lets members leave their name out, ``links`` lets them put links into takes.
    """

    threads: ThreadMode = ThreadMode.DISCUSS
    takes: bool = True
    anonymous_takes: bool = False
    links: bool = False
    ask: bool = True
    debate: bool = False
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same question asked on a schedule. ``question`` None: the team question.

    ``rule`` is what ``newsroom.votes.schedule`` reads ("weekly friday 18:00"), in the guild's time. ``quiet`` counts
    the last occurrences in a row that hardly anybody answered; with ``notice_due`` the admins have yet to hear that it
    paused itself over that.
    """

    id: int
    guild_id: int
    channel_id: int
    question: str | None
    rule: str
    next_at: datetime
    paused: bool
    quiet: int
    notice_due: bool
    created_by: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A question to a language model: what it took, or until ``taken_until`` what is reserved for it.

    ``member_id`` is None for what the bot asks by itself, and once a member is forgotten. ``tokens`` are those both
    ways, ``micros`` millionths of the operator's currency.
    """

    id: int
    guild_id: int
    member_id: int | None
    taken_at: datetime
    taken_until: datetime | None
    tokens: int
    micros: int


class RecapKind(StrEnum):
    """What is told of a week: what it came to, or how a take of a season ago has aged."""

    WEEK = "week"
    AGED = "aged"


@dataclass(frozen=True, slots=True)
class Recap:
    """A message that tells of a week, or on its way to its channel.

    ``contents`` is what ``newsroom.discussion.week`` wrote down of the week; ``take_id`` the take that is asked about.
    With ``withdrawn`` it is to go. ``asked_id`` is the command that a moderator had it posted by, ``poll_id`` the team
    question that it ends in, and ``reason`` why it doesn't stand there yet, or never will. See Delivery for the rest.
    """

    id: int
    guild_id: int
    channel_id: int
    kind: RecapKind
    contents: str | None
    take_id: int | None
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None
    withdrawn: bool
    planned_at: datetime
    asked_id: int | None
    reason: str | None
    poll_id: int | None


@dataclass(frozen=True, slots=True)
class RecapPlan:
    """When a guild gets its weekly recap. ``channel_id`` None: in the news channel that is used most.

    ``rule`` is what ``newsroom.votes.schedule`` reads, in the guild's time. ``quiet`` counts the last weeks in a row in
    which hardly anything happened.
    """

    guild_id: int
    channel_id: int | None
    rule: str
    next_at: datetime
    paused: bool
    quiet: int
