"""What an article's page says, without all that surrounds it.

It belongs into a worker process (``newsroom.feeds.pages``), because pages are hostile. There trafilatura, which takes
half a second to load and 40 MB to keep, is loaded for the first page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsroom.errors import NoArticle
from newsroom.feeds.charset import to_utf8
from newsroom.feeds.entries import LONGEST_TEXT, MOST_PARAGRAPHS
from newsroom.text import clean, paragraphs

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LEAST_PAGE = 200
"""Characters of text that make a page an article. Less is a stub, or all that a wall lets through."""

LONGEST_TEASER = 1500
"""Characters of text that a wall may let through. Of more, the article is taken to be there and the wall beside it."""

LONGEST_NOTICE = 300
"""Characters of a paragraph that can be a notice and not the article itself, which may well tell of such notices."""

MOST_UNREADABLE = 20
"""One character of so many may be unreadable; pages of NULs, and in an encoding that they hide, have far more."""

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:+-]{1,40})", re.IGNORECASE)

_COOKIES = re.compile(
    r"\bwe (?:and our (?:\w+ )?partners |also )?(?:use|value|store)\b.{0,40}\b(?:cookies|privacy)\b"
    r"|\b(?:accept|manage|reject) (?:all )?cookies\b|\bcookie (?:policy|settings|preferences|consent)\b"
    r"|\b(?:wir|diese website) (?:verwenden|verwendet|nutzen) cookies\b|\bnous utilisons des cookies\b"
    r"|\b(?:utilizamos|usamos) cookies\b",
    re.IGNORECASE,
)
_WALL = re.compile(
    r"\b(?:subscribe|sign up|register|log ?in|sign in)\b.{0,40}\b(?:to|for) "
    r"(?:continue|keep|read|unlock|access|get|full)\b"
    r"|\bto (?:continue|keep) reading\b|\balready (?:a|have an?) (?:subscriber|member|subscription|account)\b"
    r"|\b(?:article|story|content|post) is (?:only |exclusively )?(?:for|available to|reserved for)\b.{0,30}"
    r"\b(?:subscribers|members)\b|\bcreate (?:a|your) free account\b|\byou have reached your limit\b"
    r"|\b(?:enable|turn on|requires?|activate) javascript\b|\bjavascript (?:is|to be) (?:disabled|required|enabled)\b"
    r"|\bverify (?:that )?you are (?:a )?human\b|\bchecking your browser\b|\bunusual traffic\b|\bare you a robot\b"
    r"|\bdisable your ad ?blocker\b"
    r"|\bweiterlesen mit\b|\b(?:jetzt|bitte) (?:abonnieren|anmelden)\b|\bréservée? aux abonnés\b"
    r"|\babonnez-vous\b|\bsuscríbete\b|\bsolo para suscriptores\b|\bassine para\b"
    r"|登录后|登錄後|订阅后|付费阅读|有料会員|会員限定|続きを読むには|يرجى تسجيل الدخول|اشترك لمتابعة|구독자 전용",
    re.IGNORECASE,
)
# What an element's own style hides. A sheet of styles can hide more, which takes a browser to see.
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_NEVER_SEEN = frozenset({"dialog", "noscript", "template"})


def extract(body: bytes, content_type: str | None, title: str) -> tuple[str, ...]:
    """Read the article off a page, as MOST_PARAGRAPHS paragraphs of safe plain text and LONGEST_TEXT characters.

    A first paragraph that only repeats the ``title`` goes. Raises NoArticle for stubs, walls and pages that hold none,
    and on odd input whatever else trafilatura raises.
    """
    import trafilatura
    from lxml import html

    page = html.document_fromstring(_in_utf8(body, content_type), parser=html.HTMLParser(encoding="utf-8"))
    for element in [one for one in page.iter() if isinstance(one, html.HtmlElement) and _is_hidden(one)]:
        element.drop_tree()
    article = trafilatura.extract(page, include_comments=False, output_format="html")
    return without_walls(paragraphs(article or "", MOST_PARAGRAPHS, LONGEST_TEXT), title)


def without_walls(text: Sequence[str], title: str) -> tuple[str, ...]:
    """Return an article without notices about cookies and the like. Raises NoArticle if hardly more is there."""
    if text and clean(text[0]).casefold() == clean(title).casefold():
        text = text[1:]
    notices = [paragraph for paragraph in text if len(paragraph) <= LONGEST_NOTICE]
    walls = {paragraph for paragraph in notices if _WALL.search(paragraph)}
    kept = tuple(each for each in text if each not in walls and not (each in notices and _COOKIES.search(each)))
    long = sum(map(len, kept))
    if long < LEAST_PAGE:
        raise NoArticle("That page says hardly anything.")
    if MOST_UNREADABLE * sum(each.count("\N{REPLACEMENT CHARACTER}") for each in kept) > long:
        raise NoArticle("That page is in no encoding that can be read.")
    if walls and long < LONGEST_TEASER:
        raise NoArticle("That page shows its article to subscribers or to browsers alone.")
    return kept


def _is_hidden(element: HtmlElement) -> bool:
    if element.tag in ("html", "body"):  # some pages show these by a script
        return False
    return (
        element.tag in _NEVER_SEEN
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN_STYLE.search(element.get("style") or "") is not None
    )


def _in_utf8(body: bytes, content_type: str | None) -> bytes:
    declared = _META_CHARSET.search(body, 0, 2048)
    if declared and "charset" not in (content_type or "").lower():
        content_type = f"text/html; charset={declared[1].decode()}"
    return to_utf8(body, content_type)
