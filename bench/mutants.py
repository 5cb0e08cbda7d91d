"""Feed documents damaged in every way we could think of, for ``bench.fuzz``. The same seed gives the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from random import Random
from typing import Any

FEEDS = Path(__file__).parents[1] / "tests" / "feeds"
MOST_BYTES = 512 * 1024
MOST_DAMAGES = 8
SEARCHED_BYTES = 20_000
URLS = (
    "https://lab.example/feed.xml", "http://lab.example:8080/a/b?c=d", "https://xn--e1afmkfd.example/", "https://[::1]/f",
)  # fmt: skip
KINDS = (
    None, "application/rss+xml", "text/xml; charset=utf-8", "text/html; charset=iso-8859-1", "application/json",
    "text/xml; charset=utf-16", "text/plain; charset=shift_jis", "x; charset=utf-7",
    "text/xml; charset=" + "a" * 5000, "\x00",
)  # fmt: skip

TAGS = (
    "item", "entry", "title", "link", "guid", "id", "pubDate", "updated", "published", "dc:date", "description",
    "summary", "content", "content:encoded", "author", "name", "email", "dc:creator", "category", "enclosure",
    "source", "image", "url", "textInput", "cloud", "ttl", "sy:updatePeriod", "sy:updateFrequency", "channel", "rss",
    "feed", "rdf:RDF", "media:content", "media:thumbnail", "media:group", "media:rating", "media:credit",
    "itunes:image", "itunes:author", "itunes:category", "itunes:owner", "itunes:explicit", "itunes:keywords",
    "itunes:duration", "georss:point", "georss:line", "georss:polygon", "georss:box", "georss:where", "gml:Point",
    "gml:pos", "gml:posList", "gml:LineString", "geo:lat", "geo:long", "psc:chapters", "psc:chapter", "cc:license",
    "creativeCommons:license", "admin:generatorAgent", "xhtml:body", "dcterms:valid", "generator", "logo", "icon",
    "rights", "expirationDate", "wfw:commentRss", "svg", "math", "script", "body", "div", "p",
)  # fmt: skip
NAMESPACES = (
    ("dc", "http://purl.org/dc/elements/1.1/"), ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("media", "http://search.yahoo.com/mrss/"), ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("georss", "http://www.georss.org/georss"), ("gml", "http://www.opengis.net/gml"),
    ("geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"), ("psc", "http://podlove.org/simple-chapters"),
    ("cc", "http://web.resource.org/cc/"), ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
    ("dcterms", "http://purl.org/dc/terms/"), ("xhtml", "http://www.w3.org/1999/xhtml"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"), ("admin", "http://webns.net/mvcb/"),
)  # fmt: skip
ATTRIBUTES = (
    "xml:base='http://['", "xml:base='///'", "xml:base='javascript:1'", "xml:lang='-'", "href='http://[::1'",
    "href='\\\\x'", "rel='alternate'", "rel='next'", "type='text/html'", "type='application/xhtml+xml'",
    "type='xhtml'", "mode='base64'", "mode='escaped'", "isPermaLink='true'", "isPermaLink='false'", "rdf:about='//'",
    "rdf:resource='a:b:c'", "srsName='EPSG:x'", "srsDimension='two'", "srsDimension='0'", "srsDimension='-1'",
    "length='-1'", "url='data:,x'", "medium='image'", "start='1:2:3:4'", "src='http://0/'", "version='9'", "xmlns=''",
    "xmlns:a='b'", "width='1e9'", "term='\ud7ff'",
)  # fmt: skip
DATES = (
    "Fri, 31 Dec 9999 23:59:59 -1200", "0001-01-01T00:00:00+14:00", "2026-02-30", "2026-13-45T99:99:99Z",
    "99999999999999999999", "Mon, 00 Foo 0000 00:00:00 GMT", "2026-W54-8", "2026-366", "-001-01-01",
    "1970-01-01T00:00:00Z", "2026-01-01T00:00:00+99:99", "Thu, 01 Jan 2026 12:00:00 +999999999",
    "2026-01-01T24:00:00Z", "12:00", "2026", "20260101T000000", "T", "2026-01-01T00:00:60.9Z", "01/02/03",
    "２０２６-01-01", "2026-01-01 오후 1:00:00", "Τετ, 01 Ιαν 2026 12:00:00 EET", "Thu Jan 1 12:00:00 XYZ 2026",
    "2026-01-01T00:00:00" + "0" * 3000,
)  # fmt: skip
TEXTS = (
    "&", "&amp;amp;lt;b&amp;amp;gt;", "&nbsp;&mdash;&eacute;", "&#0;", "&#xD83D;&#xDE00;", "&#x110000;",
    "&#99999999999;", "&#x1F600;", "&#" + "0" * 5000 + "65;", "&" + "a" * 5000, "&x;" * 500, "&lt;" * 2000,
    "<" * 2000, ">" * 2000, "]]>", "<![CDATA[", "<!--", "-->", "<!-- -- >", "<?php ?>", "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY y 'z'>]>", "<!ENTITY a '&a;'>", "\u202eevil\u202c", "Z" + "\u0310" * 200, "\u200b" * 100,
    "@everyone <@1> <#2> <@&3>", "[a](http://b)", "\x00", "\x1b[31m", "\x0b\x0c\x85\u2028", "\ufffe\uffff",
    "\U000e0041\U000e007f", "👩‍👩‍👧‍👦" * 50, "🇩🇪" * 200, "\u200d" * 20, "\ufe0f" * 20, "a" * 3000, "wörd " * 2000,
    "'\"`", "http://user:pass@host/", "javascript:alert(1)", "data:text/html,x", "//host", "http://[",
    "http://a:99999/", "http://\u2100/", "http://a\u3002b/", "http://xn--/", "mailto:" + "a" * 500, "a@" * 1000,
    "a" * 4000 + "@b", "<img src='//x/y.png'>", "<img src='https://a/b?" + "é" * 3000 + "'>",
    "<svg><title>x</title></svg>", "<script>", "</script", "<style>" * 50, "<br>" * 500, "<b " + "a" * 2000,
    "&lt;script&gt;" * 50, "EPSG:x", "1 2 3", "nan inf", "1e999", "-1", "18446744073709551616", "²", "٣",
)  # fmt: skip
ENCODINGS = (
    "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "latin-1", "cp1252", "utf-7", "shift_jis", "gb18030",
    "big5", "euc-jp", "iso2022_jp", "koi8-r", "cp037", "utf-8-sig", "cp437",
)  # fmt: skip

_TAG = re.compile(rb"</?[A-Za-z][\w:.-]{0,40}")
_ELEMENT = re.compile(rb"<([A-Za-z][\w:.-]{0,40})(?:\s[^<>]{0,500})?>.{0,4000}?</\1>", re.DOTALL)
_VALUE = re.compile(rb">([^<>]{0,200})<")
_DATE = re.compile(rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,4}[- ](?:\d\d|[A-Z][a-z]{2})[- ]\d{1,4}[^<\"]{0,30}")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A document as a server might send it. ``parent`` names what it was made from, ``damages`` what was done."""

    body: bytes
    content_type: str | None
    url: str
    parent: str
    damages: tuple[str, ...]


def corpus() -> dict[str, bytes]:
    """The documents that are damaged, by name: collected ones with an oddity each, and made-up ones in every format."""
    collected = {path.name: path.read_bytes() for path in sorted(FEEDS.glob("*.*"))}
    made = {
        f"{form.__name__[1:]}-{size}": form(Random(size), size).encode() for form in _FORMS for size in (1, 5, 25, 80)
    }
    return collected | made


def mutant(documents: dict[str, bytes], seed: str) -> Mutant:
    """Damage one of the documents, in one to MOST_DAMAGES ways."""
    random = Random(seed)
    parent = random.choice(sorted(documents))
    body = documents[parent]
    damages = []
    for _ in range(random.randint(1, random.choice((1, 1, 2, MOST_DAMAGES)))):
        ways: Sequence[Damage] = DAMAGES
        if body.lstrip().startswith(b"{") and random.random() < 0.7:
            ways = JSON_DAMAGES
        damage = random.choice(ways)
        body = damage(body, random, documents)[:MOST_BYTES]
        damages.append(damage.__name__)
    content_type = random.choice(KINDS) if random.random() < 0.3 else None
    url = random.choice(URLS) if random.random() < 0.3 else URLS[0]
    return Mutant(body, content_type, url, parent, tuple(damages))


# ------------------------------------------------------------------------------------- made-up documents


def _item(random: Random, n: int) -> tuple[str, str, str, str]:
    """A title, a text with markup, a link and a date."""
    words = ["open", "model", "weights", "R&D", "<b>bench</b>", "données", "模型", "release", "1.5", "“quoted”"]
    title = " ".join(random.choices(words, k=random.randint(1, 9)))
    text = "".join(f"<p>{' '.join(random.choices(words, k=20))}</p>" for _ in range(random.randint(1, 6)))
    text += f'<img src="https://cdn.example/{n}.jpg" width="640" height="480">'
    return (
        title,
        text,
        f"https://lab.example/{n}/{random.randint(0, 9)}?utm_source=rss&p={n}",
        f"2026-01-{n % 28 + 1:02}T0{n % 10}:00:00Z",
    )


def _rss(random: Random, size: int) -> str:
    items = []
    for n in range(size):
        title, text, link, _ = _item(random, n)
        items.append(
            f"<item><title>{escape(title)}</title><link>{escape(link)}</link><guid isPermaLink='false'>post-{n}</guid>"
            f"<pubDate>Thu, {n % 28 + 1:02} Jan 2026 12:00:00 +0000</pubDate><description>{escape(text)}</description>"
            f"<content:encoded><![CDATA[{text}]]></content:encoded><author>a{n}@lab.example (A Writer)</author>"
            f"<media:content url='https://cdn.example/{n}.jpg' medium='image'/><category>AI</category>"
            f"<enclosure url='https://cdn.example/{n}.mp3' type='audio/mpeg' length='1'/></item>"
        )
    names = " ".join(f"xmlns:{prefix}='{uri}'" for prefix, uri in NAMESPACES)
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0' {names}><channel><title>Lab</title>"
        f"<link>https://lab.example/</link><ttl>60</ttl><sy:updatePeriod>daily</sy:updatePeriod>{''.join(items)}</channel></rss>"
    )


def _atom(random: Random, size: int) -> str:
    entries = []
    for n in range(size):
        title, text, link, date = _item(random, n)
        entries.append(
            f"<entry><title type='html'>{escape(title)}</title><id>tag:lab.example,2026:{n}</id>"
            f"<link href='{escape(link)}'/>"
            f"<published>{date}</published><updated>{date}</updated><author>"
            f"<name>W</name><email>w@lab.example</email></author>"
            f"<summary type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Short.</p></div></summary>"
            f"<content type='html'>{escape(text)}</content><georss:point>45.2 -71.9</georss:point></entry>"
        )
    names = " ".join(f"xmlns:{prefix}='{uri}'" for prefix, uri in NAMESPACES)
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom' {names} xml:base='/news/'><title>Lab</title>"
        f"<link rel='self' href='https://lab.example/feed'/><link href='https://lab.example/'/>{''.join(entries)}</feed>"
    )


def _rdf(random: Random, size: int) -> str:
    items = []
    for n in range(size):
        title, text, link, date = _item(random, n)
        items.append(
            f"<item rdf:about='{escape(link)}'><title>{escape(title)}</title><link>{escape(link)}</link>"
            f"<description>{escape(text)}</description><dc:date>{date}</dc:date><dc:creator>W</dc:creator></item>"
        )
    names = " ".join(f"xmlns:{prefix}='{uri}'" for prefix, uri in NAMESPACES)
    return (
        f"<rdf:RDF xmlns='http://purl.org/rss/1.0/' {names}><channel rdf:about='https://lab.example/'><title>Lab</title>"
        f"<link>https://lab.example/</link></channel>{''.join(items)}</rdf:RDF>"
    )


def _json(random: Random, size: int) -> str:
    items = []
    for n in range(size):
        title, text, link, date = _item(random, n)
        items.append(
            {
                "id": n,
                "url": link,
                "title": title,
                "content_html": text,
                "image": f"https://cdn.example/{n}.jpg",
                "date_published": date,
            }
        )
    head = {"version": "https://jsonfeed.org/version/1.1", "title": "Lab", "home_page_url": "https://lab.example/"}
    return json.dumps({**head, "items": items}, ensure_ascii=bool(size % 2))


_FORMS: tuple[Callable[[Random, int], str], ...] = (_rss, _atom, _rdf, _json)


# -------------------------------------------------------------------------------------------- damages

Damage = Callable[[bytes, Random, dict[str, bytes]], bytes]


def flip_bytes(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    flipped = bytearray(body)
    for _ in range(random.randint(1, 16)):
        if flipped:
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def cut_out(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    start, end = _range(body, random)
    return body[:start] + body[end:]


def cut_off(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    return body[: random.randint(0, len(body))]


def splice(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    other = documents[random.choice(sorted(documents))]
    start, end = _range(other, random)
    at = random.randint(0, len(body))
    return body[:at] + other[start:end] + body[at:]


def repeat_range(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    start, end = _range(body, random)
    return body[:start] + body[start:end] * random.choice((2, 3, 50)) + body[end:]


def repeat_subtree(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    element = _any(_ELEMENT, body, random)
    if element is None:
        return body
    times = min(random.choice((2, 3, 20, 1500)), MOST_BYTES // max(len(element[0]), 1) + 1)
    return body[: element.start()] + element[0] * times + body[element.end() :]


def move_subtree(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    element = _any(_ELEMENT, body, random)
    target = _any(_TAG, body, random)
    if element is None or target is None:
        return body
    return body[: target.start()] + element[0] + body[target.start() :]


def insert_text(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    at = random.randint(0, len(body))
    return body[:at] + _text(random) + body[at:]


def replace_value(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    value = _any(_VALUE, body, random)
    return body if value is None else body[: value.start(1)] + _text(random) + body[value.end(1) :]


def replace_date(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    date = _any(_DATE, body, random)
    return body if date is None else body[: date.start()] + random.choice(DATES).encode() + body[date.end() :]


def flood_attributes(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    many = " ".join(f"a{n}='{n}'" for n in range(random.choice((10, 300, 3000, 3000, 30_000))))
    return _into_tag(body, random, many.encode())


def add_attribute(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    return _into_tag(body, random, random.choice(ATTRIBUTES).encode("utf-8", "surrogatepass"))


def nest(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    tag = random.choice(TAGS)
    depth = random.choice((2, 50, 2000, 20_000))
    at = _at_tag(body, random)
    closing = f"</{tag}>" * depth if random.random() < 0.5 else ""
    return body[:at] + (f"<{tag}>" * depth).encode() + closing.encode() + body[at:]


def add_element(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    tag = random.choice(TAGS)
    attributes = b" ".join(
        random.choice(ATTRIBUTES).encode("utf-8", "surrogatepass") for _ in range(random.randint(0, 3))
    )
    at = _at_tag(body, random)
    element = b"<%b %b>%b</%b>" % (tag.encode(), attributes, _text(random), tag.encode())
    return body[:at] + element + body[at:]


def swap_tags(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    tag = _any(_TAG, body, random)
    if tag is None:
        return body
    name = re.escape(tag[0].lstrip(b"</"))
    return re.sub(
        rb"(</?)%b(?=[\s/>])" % name, rb"\g<1>" + random.choice(TAGS).encode(), body, count=random.choice((0, 1, 2))
    )


def swap_tag_case(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    return _TAG.sub(lambda tag: tag[0].swapcase() if random.random() < 0.2 else tag[0], body)


def declare_entities(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    spelling = random.choice(("ENTITY", "entity", "Entity", "ENTITY %"))
    levels = random.choice((2, 9))
    bomb = "".join(f'<!{spelling} e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 50}">' for n in range(levels))
    outside = random.choice(
        ("", "<!ENTITY x SYSTEM 'file:///etc/hostname'>", "<!ENTITY \\1 '\\g<0>'>", "<!ELEMENT rss ANY>")
    )
    body = re.sub(rb"^\s*<\?xml[^>]*\?>", b"", body)
    at = _at_tag(body, random)
    return f"<!DOCTYPE rss [{bomb}{outside}]>".encode() + body[:at] + f"&e{levels - 1};&x;".encode() + body[at:]


def encode_anew(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    encoding, declared = random.choice(ENCODINGS), random.choice((*ENCODINGS, "utf-8", "nonsense"))
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", body.decode("utf-8", "replace"))
    if random.random() < 0.7:
        text = f"<?xml version='1.0' encoding='{declared}'?>{text}"
    return text.encode(encoding, "replace")


def lengthen(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    at = random.randint(0, len(body))
    piece = random.choice((b"a", b" ", b"<", b"&", b"\x00", b"\xff", "é".encode(), b"<b>", b"a@", b"]]", b"--", b"\n"))
    return body[:at] + piece * (random.choice((1000, 20_000, 100_000)) // len(piece)) + body[at:]


def shuffle_items(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    pieces = re.split(rb"(?=<(?:item|entry)[\s>])", body)
    random.shuffle(pieces)
    return b"".join(pieces)


def nothing(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    """So that damages of the headers and the address are seen alone, too."""
    return body


DAMAGES: tuple[Damage, ...] = (
    flip_bytes, cut_out, cut_off, splice, repeat_range, repeat_subtree, move_subtree, insert_text, insert_text,
    replace_value, replace_value, replace_date, flood_attributes, add_attribute, add_attribute, nest, add_element,
    add_element, swap_tags, swap_tag_case, declare_entities, encode_anew, lengthen, shuffle_items, nothing,
)  # fmt: skip


def change_json(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    """Put something else in the place of a value, wherever it stands."""
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError):
        return flip_bytes(body, random, documents)
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [feed]
    while waiting:
        holder = waiting.pop()
        for key in range(len(holder)) if isinstance(holder, list) else list(holder):
            places.append((holder, key))
            if isinstance(holder[key], list | dict):
                waiting.append(holder[key])
    for _ in range(random.randint(1, 5)):
        if places:
            holder, key = random.choice(places)
            holder[key] = _json_value(random)
    return json.dumps(feed, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")


def nest_json(body: bytes, random: Random, documents: dict[str, bytes]) -> bytes:
    opened, closed = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
    depth = random.choice((100, 900, 20_000))
    return body.replace(b'"title"', b'"deep": ' + opened * depth + b"1" + closed * depth + b', "title"', 1)


def _json_value(random: Random) -> Any:
    values: tuple[Any, ...] = (
        None, True, 0, -1, 1.5, float("inf"), float("nan"), 10**400, [], {}, [[]], {"a":1}, "", " ", "\ud83d",
        "\udc00\ud800", _text(random).decode("utf-8", "replace"), random.choice(DATES), ["a"] * 1000,
    )  # fmt: skip
    return random.choice(values)


JSON_DAMAGES: tuple[Damage, ...] = (change_json, change_json, change_json, nest_json, insert_text, encode_anew, splice)


def _range(body: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(body))
    return start, min(len(body), start + random.choice((1, 10, 200, 5000)))


def _any(pattern: re.Pattern[bytes], body: bytes, random: Random) -> re.Match[bytes] | None:
    """A place where a pattern fits: the first after a random one, or of all. Looks only so far: some are slow."""
    at = random.randint(0, len(body))
    return pattern.search(body, at, at + SEARCHED_BYTES) or pattern.search(body, 0, SEARCHED_BYTES)


def _at_tag(body: bytes, random: Random) -> int:
    tag = _any(_TAG, body, random)
    return tag.start() if tag else 0


def _into_tag(body: bytes, random: Random, attributes: bytes) -> bytes:
    tag = _any(_TAG, body, random)
    return body if tag is None else b"%b %b %b" % (body[: tag.end()], attributes, body[tag.end() :])


def _text(random: Random) -> bytes:
    text = random.choice(TEXTS)
    if random.random() < 0.3:
        text = escape(text)
    elif random.random() < 0.1:
        text = f"<![CDATA[{text}]]>"
    return text.encode("utf-8", "surrogatepass")
