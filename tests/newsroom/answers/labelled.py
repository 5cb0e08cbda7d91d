"""The labelled sets: articles with questions, and with claims that are true or false of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from newsroom.models import ArticleText, TextBasis
from tests.makers import NOW


@dataclass(frozen=True)
class Asked:
    question: str
    answer: tuple[int, ...]
    article: ArticleText
    title: str


@dataclass(frozen=True)
class Claimed:
    text: str
    paragraphs: tuple[int, ...]
    article: ArticleText
    title: str


def article_text(*paragraphs: str) -> ArticleText:
    return ArticleText(article_id=1, paragraphs=paragraphs, basis=TextBasis.PAGE, read_at=NOW)


def questions(name: str) -> list[Asked]:
    return [
        Asked(each["ask"], tuple(each["answer"]), article_text(*article["paragraphs"]), article["title"])
        for article in _articles(name)
        for each in article["question"]
    ]


def claims(name: str, truth: str) -> list[Claimed]:
    return [
        Claimed(each["text"], tuple(each["paragraphs"]), article_text(*article["paragraphs"]), article["title"])
        for article in _articles(name)
        for each in article[truth]
    ]


def _articles(name: str) -> list[dict]:
    text = (Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["article"])
