"""Opens what the newsroom works with, puts its parts together, and closes it all again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.answers.answers import Answers
from newsroom.answers.budget import Budget, Limits, limits_of
from newsroom.answers.chat import Models, open_models
from newsroom.answers.writing import Writer
from newsroom.desk.alerts import Alerts
from newsroom.desk.channels import NewsChannels
from newsroom.desk.digests import Digests
from newsroom.desk.notes import Notes
from newsroom.desk.outbox import Outbox
from newsroom.desk.presence import Presence
from newsroom.desk.replacements import Replacements
from newsroom.desk.retention import Retention
from newsroom.desk.rounds import Fetches, Rounds
from newsroom.desk.status import StatusDesk
from newsroom.desk.story_desk import StoryDesk
from newsroom.desk.subscriptions import Reads, Subscriptions
from newsroom.desk.why import Whys
from newsroom.discussion.cases import Cases, debaters
from newsroom.discussion.chatter import Chatter
from newsroom.discussion.debates import Debates
from newsroom.discussion.intros import Intros
from newsroom.discussion.openings import Openings
from newsroom.discussion.recap_messages import RecapMessages
from newsroom.discussion.recaps import Recaps
from newsroom.discussion.remarks import Remarks
from newsroom.discussion.story_finder import StoryFinder
from newsroom.discussion.summaries import Summaries
from newsroom.discussion.takes import Takes
from newsroom.discussion.threads import Threads
from newsroom.feeds.fetch import Fetcher
from newsroom.feeds.pages import Pages
from newsroom.feeds.parking import Parking, registrable
from newsroom.feeds.workers import Workers
from newsroom.marks import Marks
from newsroom.settings import Settings
from newsroom.store import Store, open_store
from newsroom.stories.texts import ReadsPages, Texts
from newsroom.votes.charts import Charts
from newsroom.votes.guilds import Guilds
from newsroom.votes.members import Members
from newsroom.votes.messages import PollMessages
from newsroom.votes.polls import Polls
from newsroom.votes.repeats import Repeats
from newsroom.votes.story_polls import StoryPolls


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The parts that the bot and its cogs are handed."""

    rounds: Rounds
    subscriptions: Subscriptions
    outbox: Outbox
    notes: Notes
    polls: Polls
    poll_messages: PollMessages
    story_desk: StoryDesk
    repeats: Repeats
    members: Members
    guilds: Guilds
    alerts: Alerts
    replacements: Replacements
    whys: Whys
    parking: Parking
    channels: NewsChannels
    digests: Digests
    presence: Presence
    retention: Retention
    status: StatusDesk
    charts: Charts
    threads: Threads
    takes: Takes
    remarks: Remarks
    answers: Answers
    story_finder: StoryFinder
    debates: Debates
    cases: Cases
    chat: Models
    budget: Budget
    texts: Texts
    summaries: Summaries
    recaps: Recaps
    recap_messages: RecapMessages
    chatter: Chatter


def assemble(
    store: Store,
    fetcher: Fetches,
    reader: Reads,
    installation_id: str,
    charts: Charts,
    *,
    now: Callable[[], datetime],
    interval: timedelta,
    parking: Parking | None = None,
    chat: Models | None = None,
    limits: Limits | None = None,
    pages: ReadsPages | None = None,
) -> Newsroom:
    """Put the parts together over what they work with. The rounds know no feed yet: see ``Rounds.load``.

    Without ``pages`` no article's page is read.
    """
    marks = Marks(installation_id)
    chat, limits = chat or Models(), limits or Limits()
    budget, texts = Budget(store, limits, now=now), Texts(store, pages, now=now)
    writer = Writer(store, chat, budget, now=now)
    summaries = Summaries(store, chat, writer)
    debates = Debates(store, marks, texts, debaters(chat), now=now, lease=limits.lease)
    story_polls = StoryPolls(store, marks)
    parking = parking or Parking()
    retention = Retention(store, now=now)
    rounds = Rounds(store, fetcher, reader, story_polls, now=now, interval=interval, parking=parking)
    subscriptions = Subscriptions(store, rounds, fetcher, reader, now=now)
    members = Members(store, now=now)
    return Newsroom(
        rounds=rounds,
        subscriptions=subscriptions,
        outbox=Outbox(store, marks, story_polls, now=now),
        notes=Notes(store),
        polls=Polls(store, marks, now=now),
        poll_messages=PollMessages(store, marks, now=now),
        story_desk=StoryDesk(store, story_polls, now=now),
        repeats=Repeats(store, now=now),
        members=members,
        guilds=Guilds(store, now=now),
        alerts=Alerts(store, marks, now=now),
        replacements=Replacements(store, subscriptions, now=now),
        whys=Whys(store, now=now),
        parking=parking,
        channels=NewsChannels(store, now=now),
        digests=Digests(store, marks, now=now),
        presence=Presence(store, subscriptions, now=now),
        retention=retention,
        status=StatusDesk(store, rounds, retention, budget, chat.names, now=now),
        charts=charts,
        threads=Threads(store, marks, now=now),
        takes=Takes(store, marks, now=now),
        remarks=Remarks(store, marks, Openings(texts, summaries), now=now, has_model=chat.answer is not None),
        answers=Answers(store, marks, texts, chat, budget, now=now),
        story_finder=StoryFinder(store),
        debates=debates,
        cases=Cases(debates, texts, writer),
        chat=chat,
        budget=budget,
        texts=texts,
        summaries=summaries,
        recaps=Recaps(store, members, now=now, phrases=Intros(store, chat, writer).phrase),
        recap_messages=RecapMessages(store, marks, now=now),
        chatter=Chatter(store, now=now),
    )


@asynccontextmanager
async def open_newsroom(
    settings: Settings, now: Callable[[], datetime], *, spread_overdue: bool = True
) -> AsyncIterator[Newsroom]:
    """Open database, web and worker processes for as long as the context lasts; for the last, see ``Rounds.load``.

    Raises BadSetting or StoreError, each with a sentence for the operator.
    """
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        parking = Parking()
        fetcher = Fetcher(
            allow_hosts=settings.feed_allow_hosts,
            contact=settings.feed_contact,
            extra_headers=settings.feed_headers,
            parking=parking,
            now=now,
        )
        stack.push_async_callback(fetcher.close)
        workers = Workers()
        stack.push_async_callback(workers.close)
        pages = Pages(fetcher, now=now)
        stack.push_async_callback(pages.close)
        async with store.begin() as connection:
            installation_id = await store.installation.id(connection)
        charts = Charts()
        stack.push_async_callback(charts.close)
        chat = await open_models(settings, now=now)
        stack.push_async_callback(chat.close)
        # In a thread and before anybody asks on the loop, because the first look at a name loads the list of them.
        await asyncio.to_thread(registrable, "")
        interval = timedelta(minutes=settings.feed_interval_minutes)
        newsroom = assemble(
            store,
            fetcher,
            workers,
            installation_id,
            charts,
            now=now,
            interval=interval,
            parking=parking,
            chat=chat,
            limits=limits_of(settings),
            pages=pages,
        )
        stack.push_async_callback(newsroom.summaries.close)
        await newsroom.rounds.load(spread_overdue=spread_overdue)
        yield newsroom
