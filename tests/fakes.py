"""Small stand-ins of ours for the outside: a web, a parser, a clock, a channel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from newsroom.answers.talk import Completion, Message, Schema
from newsroom.errors import FeedError, FetchFailed, ModelFailed
from newsroom.models import Document, Entry, FeedLink
from tests.makers import NOW


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **length: float) -> None:
        self.time += timedelta(**length)


@dataclass
class FakeModel:
    """A language model that says what it is told to: texts, data or failures, one after the other, the last for ever.

    ``asked`` are the questions, each as its messages.
    """

    says: Sequence[str | dict[str, Any] | ModelFailed]
    name: str = "small"
    asked: list[Sequence[Message]] = field(default_factory=list)

    async def complete(
        self, messages: Sequence[Message], *, schema: Schema | None = None, max_tokens: int | None = None
    ) -> Completion:
        said = self.says[min(len(self.asked), len(self.says) - 1)]
        self.asked.append(messages)
        if isinstance(said, ModelFailed):
            raise said
        if isinstance(said, dict):
            return Completion(json.dumps(said), said, 100, 20)
        return Completion(said, None, 100, 20)


@dataclass(frozen=True)
class FakeFetched:
    """What the fake web answers."""

    url: str
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False
    moved_to: str | None = None
    fresh_for: timedelta | None = None

    @property
    def permanent_url(self) -> str:
        return self.moved_to or self.url


@dataclass
class Web:
    """Addresses with what stands there: documents, pages full of feed links, or errors. Fetches and parses."""

    documents: dict[str, Document] = field(default_factory=dict)
    pages: dict[str, tuple[FeedLink, ...]] = field(default_factory=dict)
    errors: dict[str, FeedError] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    unconditional: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    parsed: list[str] = field(default_factory=list)

    def put(self, url: str, *entries: Entry, title: str = "Lab Notes") -> None:
        """Publish a feed."""
        self.documents[url] = Document(title=title, site_url=None, entries=entries)
        self.errors.pop(url, None)

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, budget: float = 20.0
    ) -> FakeFetched:
        self.fetched.append(url)
        if not (etag or last_modified):
            self.unconditional.append(url)
        if url in self.moved:
            target = self.moved[url]
            answer = await self.get(target, etag=etag, last_modified=last_modified)
            return replace(answer, moved_to=target)
        if url in self.errors:
            raise self.errors[url]
        if url in self.documents:
            tag = f'"{hash(self.documents[url])}"'
            if etag == tag:
                return FakeFetched(url, etag=tag, not_modified=True)
            return FakeFetched(url, body=repr(self.documents[url]).encode(), etag=tag)
        if url in self.pages:
            return FakeFetched(url, body=b"<html>")
        raise FetchFailed("That address answered 404: there is nothing there.", status=404)

    @asynccontextmanager
    async def opened(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> AsyncIterator[FakeFetched]:
        yield await self.get(url, etag=etag, last_modified=last_modified)

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        from newsroom.errors import NotAFeed

        self.parsed.append(url)
        if url not in self.documents:
            raise NotAFeed("That is a web page, and it names no feed.")
        return self.documents[url]

    async def find_feeds(self, body: bytes, url: str) -> tuple[FeedLink, ...]:
        return self.pages.get(url, ())
