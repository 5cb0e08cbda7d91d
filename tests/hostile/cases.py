"""Every kind of case by its name: what the web does, and what is right.

A feed is added while it is well. Then it misbehaves, for one round or more, and most are well again at the end and
list one article more, which has to arrive: what was a storm must leave no damage.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from hashlib import blake2b
from html import escape

from tests.hostile import labels
from tests.hostile.site import Answer, Asked, HostileSite, Line, Live, Script, http, redirect
from tests.makers import NOW

LAST_STAGE = 6  # the rounds of a day each; one more comes after months

BASE = (1, 2, 3, 4, 5, 6)
ALL = (*BASE, 7)
MEBIBYTE = 1024**2
SECRET = "the-secret-of-this-machine"

SYLLABLES = [consonant + vowel for consonant in "bdfgklm" for vowel in "aeiou"]


@dataclass(frozen=True)
class Case:
    """One feed. ``posts`` are the headlines that have to be posted, each once. ``limited`` keeps the channel's limits.

    With ``is_page`` its address is no feed, and adding it has to fail.
    """

    label: str
    host: str
    posts: tuple[str, ...]
    limited: bool = False
    is_page: bool = False
    path: str = "/feed"


@dataclass
class Paper:
    """Writes the documents of one case, and its script for each of its hosts."""

    label: str
    site: HostileSite
    inner: str
    secret_file: str
    scripts: dict[str, Script] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"{self.label.replace('/', '-')}.test"

    @property
    def url(self) -> str:
        return self.site.url(self.host)

    def title(self, n: int) -> str:
        """A headline like no other: nothing that tells stories apart or together may find two of them alike."""
        digest = blake2b(f"{self.label} {n}".encode(), digest_size=15).digest()
        words = ["".join(SYLLABLES[byte % len(SYLLABLES)] for byte in digest[at : at + 3]) for at in range(0, 15, 3)]
        return " ".join(words).capitalize()

    def link(self, n: int) -> str:
        return f"https://{self.host}.example/posts/{n}"

    def item(
        self,
        n: int,
        *,
        guid: str | None = "",
        link: str | None = "",
        title: str | None = None,
        text: str | None = "",
        date: str | None = "",
        more: str = "",
    ) -> str:
        """Item ``n`` in RSS. Values are markup already; None leaves one out, "" writes the usual one."""
        usual = format_datetime(NOW - timedelta(hours=10 - n))
        parts = {
            "guid isPermaLink='false'": f"{self.label}-{n}" if guid == "" else guid,
            "link": self.link(n) if link == "" else link,
            "title": self.title(n) if title is None else title,
            "description": f"About {self.title(n).lower()}." if text == "" else text,
            "pubDate": usual if date == "" else date,
        }
        tags = "".join(f"<{tag}>{value}</{tag.split()[0]}>" for tag, value in parts.items() if value is not None)
        return f"<item>{tags}{more}</item>"

    def rss(self, items: Iterable[str | int], *, prolog: str = "", head: str = "", title: str = "") -> bytes:
        """A document; items are given as they are, or by their numbers. The last stands on top."""
        written = [self.item(item) if isinstance(item, int) else item for item in items]
        spaces = (
            "xmlns:atom='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/' "
            "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
        )
        name = title or f"Paper of {self.label}"
        return (
            f"{prolog}<rss version='2.0' {spaces}><channel><title>{name}</title><link>https://{self.host}.example/</link>"
            f"{head}{''.join(reversed(written))}</channel></rss>"
        ).encode("utf-8", "surrogatepass")

    def feed(self, *numbers: int, **changes: str) -> bytes:
        """A good answer with these items."""
        return http(self.rss(numbers or BASE, **changes), Content_Type="application/rss+xml")


_PLAYS: dict[str, Callable[[Paper], Case]] = {}


def played(label: str) -> bool:
    return label in _PLAYS


def case(paper: Paper, script: Script, *posts: int | str, **options: bool) -> Case:
    """A case whose feed follows a script and posts these, item 7 if nothing is said."""
    paper.scripts[paper.host] = script
    told = tuple(paper.title(post) if isinstance(post, int) else post for post in posts or (7,))
    return Case(paper.label, paper.host, told, **options)


def plays(*names: str) -> Callable[[Callable[[Paper], Case]], Callable[[Paper], Case]]:
    """Note who plays the cases of these names."""

    def note(play: Callable[[Paper], Case]) -> Callable[[Paper], Case]:
        for name in names:
            assert name not in _PLAYS, f"{name} is played twice"
            _PLAYS[name] = play
        return play

    return note


def play_all(site: HostileSite, inner_port: int, secret_file: str) -> list[Case]:
    """Have the site play every case, and return them."""
    cases = []
    for label, play in _PLAYS.items():
        paper = Paper(label, site, f"http://127.0.0.1:{inner_port}", secret_file)
        cases.append(play(paper))
        site.scripts |= paper.scripts
    return cases


def nothing(paper: Paper, script: Script, **options: bool) -> Case:
    """A case whose feed follows a script and posts nothing at all."""
    paper.scripts[paper.host] = script
    return Case(paper.label, paper.host, (), **options)


def storm(paper: Paper, *bad: Answer | Callable[[Asked], Answer]) -> Case:
    """Well, then bad for a round or more, then well for ever with one article more."""
    return case(paper, [paper.feed(), *bad, paper.feed(*ALL)])


# ------------------------------------------------------------------------------------ documents that attack


@plays("entity-quadratic")
def entity_quadratic(paper: Paper) -> Case:
    dtd = f'<!DOCTYPE rss [<!ENTITY a "{"a" * 60_000}">]>'
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="&a;" * 50_000)], prolog=dtd)))


@plays("entity-bomb")
def entity_bomb(paper: Paper) -> Case:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="&e9;")], prolog=f"<!DOCTYPE rss [{levels}]>")))


@plays("attrs-many")
def attrs_many(paper: Paper) -> Case:
    attributes = " ".join(f"a{n}='1'" for n in range(40_000))
    return storm(paper, http(paper.rss(BASE, head=f"<image {attributes}/>")))


@plays("author-email")
def author_email(paper: Paper) -> Case:
    return storm(paper, http(paper.rss([*BASE, paper.item(7, more=f"<author>{'a' * 300_000}</author>")])))


@plays("comment-unclosed")
def comment_unclosed(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(BASE, head="<!-- a > <" * 60_000)))


@plays("deep-nesting")
def deep_nesting(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(BASE, head="<b>" * 50_000)))


@plays("surrogates")
def surrogates(paper: Paper) -> Case:
    return storm(paper, http(paper.rss([*BASE, paper.item(7, title=f"{paper.title(7)}&#xD83D;&#xDE00;")])))


@plays("charref-huge")
def charref_huge(paper: Paper) -> Case:
    title = f"{paper.title(7)}&#99999999999;&#x110000;"
    return storm(paper, http(paper.rss([*BASE, paper.item(7, title=title)])))


@plays("gml-srs")
def gml_srs(paper: Paper) -> Case:
    odd = (
        "<georss:where xmlns:georss='http://www.georss.org/georss' xmlns:gml='http://www.opengis.net/gml'>"
        "<gml:Point srsName='EPSG:x'><gml:pos>1 2</gml:pos></gml:Point></georss:where>"
    )
    return storm(paper, http(paper.rss([*BASE, paper.item(8, more=odd), 7])))


@plays("entity-backslash")
def entity_backslash(paper: Paper) -> Case:
    dtd = "<!DOCTYPE rss [<!ENTITY a '\\1'><!ENTITY b '\\g<x>'>]>"
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="&a;&b;")], prolog=dtd)))


@plays("xxe-file")
def xxe_file(paper: Paper) -> Case:
    dtd = f"<!DOCTYPE rss [<!ENTITY x SYSTEM 'file://{paper.secret_file}'>]>"
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="So &x;.")], prolog=dtd)))


@plays("xxe-http")
def xxe_http(paper: Paper) -> Case:
    dtd = f"<!DOCTYPE rss [<!ENTITY x SYSTEM '{paper.inner}/x'>]>"
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="So &x;.")], prolog=dtd)))


@plays("xxe-param")
def xxe_param(paper: Paper) -> Case:
    dtd = f"<!DOCTYPE rss [<!ENTITY % x SYSTEM '{paper.inner}/x'> %x; %all;]>"
    return storm(paper, http(paper.rss([*BASE, paper.item(7, text="So &send;.")], prolog=dtd)))


@plays("xxe-dtd")
def xxe_dtd(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(ALL, prolog=f"<!DOCTYPE rss SYSTEM '{paper.inner}/x.dtd'>")))


@plays("xslt-pi")
def xslt_pi(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(ALL, prolog=f"<?xml-stylesheet type='text/xsl' href='{paper.inner}/x'?>")))


@plays("hub-internal")
def hub_internal(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(ALL, head=f"<atom:link rel='hub' href='{paper.inner}/hub'/>")))


# ----------------------------------------------------------------------------------------------- too much


def zeros(folded: bytes, encoding: str) -> bytes:
    return http(folded, Content_Encoding=encoding, Content_Type="application/rss+xml")


def gzip_bomb(mebibytes: int) -> bytes:
    """So many MiB of zeros. One piece is folded once and repeated, which is as good until the checksum at the end."""
    folder = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    head = folder.compress(b"\0" * MEBIBYTE) + folder.flush(zlib.Z_FULL_FLUSH)
    piece = folder.compress(b"\0" * MEBIBYTE) + folder.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (mebibytes - 1) + folder.flush()


@plays("gzip-bomb")
def gzip_bombed(paper: Paper) -> Case:
    return storm(paper, zeros(gzip_bomb(512), "gzip"))


@plays("br-bomb")
def br_bombed(paper: Paper) -> Case:
    import brotli

    return storm(paper, zeros(brotli.compress(b"\0" * (64 * MEBIBYTE), quality=1), "br"))


@plays("gzip-bomb-nested")
def gzip_bomb_nested(paper: Paper) -> Case:
    return storm(paper, zeros(gzip.compress(gzip_bomb(512)), "gzip, gzip"))


def pouring(head: bytes, piece: bytes) -> Live:
    """A body without an end, as fast as it is taken."""

    async def play(line: Line) -> None:
        await line.send(head)
        while True:
            await line.send(piece)

    return Live(play)


def head(**headers: str) -> bytes:
    """The head of an answer whose body is still to come."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 So it is\r\nConnection: close\r\n{lines}\r\n".encode()


@plays("huge-200mb")
def huge_200mb(paper: Paper) -> Case:
    return storm(paper, pouring(head(Content_Length=str(200 * MEBIBYTE)), b"<a>x</a>" * 8192))


@plays("endless")
def endless(paper: Paper) -> Case:
    return storm(
        paper, pouring(head() + paper.rss(BASE).replace(b"</rss>", b""), b"<item><title>x</title></item>" * 2048)
    )


@plays("text-30mb")
def text_30mb(paper: Paper) -> Case:
    return storm(paper, pouring(head(Content_Length=str(30 * MEBIBYTE)) + b"<rss><channel><title>", b"x" * 65_536))


@plays("length-huge")
def length_huge(paper: Paper) -> Case:
    return storm(paper, pouring(head(Content_Length="9" * 18), b" " * 65_536))


@plays("html-huge")
def html_huge(paper: Paper) -> Case:
    return storm(paper, pouring(head(Content_Type="text/html") + b"<html><body>", b"<p>text</p>" * 6000))


# ----------------------------------------------------------------------------------------------- never ends


@plays("slow-headers")
def slow_headers(paper: Paper) -> Case:
    async def play(line: Line) -> None:
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nX-Slow: ")
        while not line.let_go.is_set():
            await line.someone_asks()
            await line.send(b"a")

    return storm(paper, Live(play), Live(play))


@plays("slow-drip")
def slow_drip(paper: Paper) -> Case:
    async def play(line: Line) -> None:
        await line.send(head(Content_Length="100000") + b"<rss><channel>")
        while not line.let_go.is_set():
            await line.someone_asks()
            await line.send(b" ")

    return storm(paper, Live(play), Live(play))


@plays("stall-mid")
def stall_mid(paper: Paper) -> Case:
    async def play(line: Line) -> None:
        body = paper.rss(ALL)
        await line.send(head(Content_Length=str(len(body))) + body[: len(body) // 2])
        await line.hold()

    return storm(paper, Live(play), Live(play))


@plays("hang")
def hang(paper: Paper) -> Case:
    async def play(line: Line) -> None:
        await line.hold()

    return storm(paper, Live(play), Live(play))


# ----------------------------------------------------------------------------------------------- half a body


@plays("gzip-cut")
def gzip_cut(paper: Paper) -> Case:
    folded = gzip.compress(paper.rss(ALL))
    return storm(paper, http(folded[: len(folded) * 3 // 4], Content_Encoding="gzip"))


@plays("cut-close")
def cut_close(paper: Paper) -> Case:
    body = paper.rss(ALL)
    return storm(paper, head(Content_Length=str(len(body))) + body[:-30])


@plays("cut-in-item")
def cut_in_item(paper: Paper) -> Case:
    body = paper.rss(ALL)
    return storm(paper, http(body[: body.index(b"<title>", body.index(b"<item>")) + 20]))


@plays("reset-body")
def reset_body(paper: Paper) -> Case:
    async def play(line: Line) -> None:
        body = paper.rss(ALL)
        await line.send(head(Content_Length=str(len(body))) + body[:500])
        line.reset()

    return storm(paper, Live(play))


# ---------------------------------------------------------------------------------------------- validators


@plays("304-always")
def always_304(paper: Paper) -> Case:
    def answer(asked: Asked) -> Answer:
        return http(b"", 304) if "if-none-match" in asked.headers else paper_with_tag(paper.rss(ALL))

    return case(paper, [paper_with_tag(paper.rss(BASE)), answer])


def paper_with_tag(body: bytes) -> bytes:
    return http(body, ETag='"for ever"', Content_Type="application/rss+xml")


@plays("304-stuck")
def stuck_304(paper: Paper) -> Case:
    dated = partial(http, Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")

    def answer(asked: Asked) -> Answer:
        return http(b"", 304) if "if-modified-since" in asked.headers else dated(paper.rss(ALL))

    return case(paper, [dated(paper.rss(BASE)), answer])


@plays("etag-new-same-body")
def etag_new_same_body(paper: Paper) -> Case:
    def answer(asked: Asked) -> Answer:
        return http(paper.rss(ALL if asked.stage else BASE), ETag=f'"{len(paper.site.requests)}"')

    return case(paper, [answer])


# ------------------------------------------------------------------------------------------------ redirects


@plays("redirect-301", "redirect-308")
def redirect_for_good(paper: Paper) -> Case:
    new = f"new-{paper.host}"
    paper.scripts[new] = [paper.feed(*ALL)]
    return case(paper, [paper.feed(), redirect(paper.site.url(new), int(paper.label[-3:]))])


@plays("redirect-mixed")
def redirect_mixed(paper: Paper) -> Case:
    between, new = f"between-{paper.host}", f"new-{paper.host}"
    paper.scripts[between] = [redirect(paper.site.url(new), 301)]
    paper.scripts[new] = [paper.feed(*ALL)]
    return case(paper, [paper.feed(), redirect(paper.site.url(between), 302)])


@plays("redirect-301-404", "redirect-301-html", "redirect-301-login")
def redirect_to_nothing(paper: Paper) -> Case:
    new = f"new-{paper.host}"
    there = {
        "404": http(b"Nothing here", 404),
        "html": http(b"<!doctype html><title>Welcome</title><p>We are new.", Content_Type="text/html"),
        "login": http(b"<!doctype html><form method=post>Log in: <input name=user></form>", Content_Type="text/html"),
    }
    paper.scripts[new] = [there[paper.label.rpartition("-")[2]]]
    moved = redirect(paper.site.url(new), 301)
    return storm(paper, moved, moved, moved, moved)


@plays("redirect-301-flap")
def redirect_flap(paper: Paper) -> Case:
    new = f"new-{paper.host}"
    paper.scripts[new] = [paper.feed(*ALL)]
    moved = redirect(paper.site.url(new), 301)
    return case(paper, [paper.feed(), moved, paper.feed(*ALL), moved, paper.feed(*ALL), moved, paper.feed(*ALL)])


@plays("redirect-loop")
def redirect_loop(paper: Paper) -> Case:
    def round_about(asked: Asked) -> Answer:
        return redirect(paper.site.url(paper.host, "/b" if asked.path == "/a" else "/a"))

    return storm(paper, round_about)


@plays("redirect-self")
def redirect_self(paper: Paper) -> Case:
    return storm(paper, redirect(paper.url, 301))


@plays("redirect-chain-40")
def redirect_chain(paper: Paper) -> Case:
    def on(asked: Asked) -> Answer:
        number = int(asked.path.rpartition("/")[2]) if asked.path[1:].isdecimal() else 0
        return paper.feed(*ALL, 8) if number == 40 else redirect(paper.site.url(paper.host, f"/{number + 1}"))

    return storm(paper, on)


@plays("redirect-cookie")
def redirect_cookie(paper: Paper) -> Case:
    def until_cookie(asked: Asked) -> Answer:
        if "cookie" in asked.headers:
            return paper.feed(*ALL, 8)
        return http(b"", 302, Location=paper.url, Set_Cookie="seen=1")

    return storm(paper, until_cookie)


@plays(*labels.SSRF)
def ssrf(paper: Paper) -> Case:
    port = paper.inner.rpartition(":")[2]
    return storm(paper, redirect(f"http://{labels.SSRF[paper.label]}:{port}/admin", 301))


@plays(*labels.SCHEMES)
def scheme(paper: Paper) -> Case:
    return storm(paper, redirect(labels.SCHEMES[paper.label].format(port=paper.inner.rpartition(":")[2]), 301))


@plays("rebinding")
def rebinding(paper: Paper) -> Case:
    """The name leads somewhere else each time it is asked about, and never to where we may go."""
    there = redirect(f"http://rebound.example:{paper.inner.rpartition(':')[2]}/", 307)
    return storm(paper, there, there)


# ----------------------------------------------------------------------------------------- inner addresses


@plays("html-internal")
def html_internal(paper: Paper) -> Case:
    page = f"<html><link rel=alternate type=application/rss+xml href='{paper.inner}/feed'></html>"
    return nothing(paper, [http(page.encode(), Content_Type="text/html")], is_page=True)


@plays("html-scheme")
def html_scheme(paper: Paper) -> Case:
    page = f"<html><link rel=alternate type=application/rss+xml href='file://{paper.secret_file}'></html>"
    return nothing(paper, [http(page.encode(), Content_Type="text/html")], is_page=True)


@plays("itunes-new-feed")
def itunes_new_feed(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(ALL, head=f"<itunes:new-feed-url>{paper.inner}/feed</itunes:new-feed-url>")))


@plays("atom-next-internal")
def atom_next_internal(paper: Paper) -> Case:
    return storm(paper, http(paper.rss(ALL, head=f"<atom:link rel='next' href='{paper.inner}/feed?page=2'/>")))


@plays("image-internal")
def image_internal(paper: Paper) -> Case:
    picture = f"<media:content medium='image' url='{paper.inner}/a.png'/>"
    return storm(
        paper, http(paper.rss([*BASE, paper.item(7, more=picture)], head=f"<image><url>{paper.inner}/</url></image>"))
    )


@plays("link-internal")
def link_internal(paper: Paper) -> Case:
    return storm(paper, http(paper.rss([*BASE, paper.item(7, link=f"{paper.inner}/admin?delete=all")])))


# ------------------------------------------------------------------------------- answers that are no feed


@plays(*labels.LATER)
def later(paper: Paper) -> Case:
    status, wait = labels.LATER[paper.label]
    return storm(paper, http(b"Later", status, Retry_After=wait))


@plays("status-410")
def status_410(paper: Paper) -> Case:
    return nothing(paper, [paper.feed(), http(b"Gone", 410)])


@plays("status-410-feed")
def status_410_feed(paper: Paper) -> Case:
    return nothing(paper, [paper.feed(), http(paper.rss(ALL), 410, Content_Type="application/rss+xml")])


@plays("status-200-error", "login-200", "empty-200")
def good_status_no_feed(paper: Paper) -> Case:
    bodies = {
        "status-200-error": b"Error establishing a database connection",
        "login-200": b"<!doctype html><title>Log in</title><form>Password: <input type=password></form>",
        "empty-200": b"",
    }
    return storm(paper, http(bodies[paper.label]), http(bodies[paper.label]))


@plays("flap-html", "flap-empty", "flap-500")
def flap(paper: Paper) -> Case:
    bad = {"html": http(b"<!doctype html><p>Soon back"), "empty": http(b""), "500": http(b"Oh", 500)}
    now_and_then = bad[paper.label.partition("-")[2]]
    return case(
        paper,
        [paper.feed(), now_and_then, paper.feed(), now_and_then, paper.feed(*ALL), now_and_then, paper.feed(*ALL)],
    )


# ------------------------------------------------------------------------------------------------- identity


def each_round(paper: Paper, item: Callable[[int, int], str], new: Iterable[int] = (7,)) -> Script:
    """Items written anew in each round, by their number and that of the round; new ones from the first round on."""

    def answer(asked: Asked) -> Answer:
        numbers = (*BASE, *new) if asked.stage else BASE
        return http(paper.rss([item(n, asked.stage) for n in numbers]))

    return [answer]


@plays("guid-changes")
def guid_changes(paper: Paper) -> Case:
    return case(paper, each_round(paper, lambda n, stage: paper.item(n, guid=f"{stage}-{n}")))


@plays("link-utm")
def link_utm(paper: Paper) -> Case:
    def item(n: int, stage: int) -> str:
        return paper.item(n, guid=None, link=f"{paper.link(n)}?utm_source=rss&amp;utm_campaign={stage}")

    return case(paper, each_round(paper, item))


@plays("link-session")
def link_session(paper: Paper) -> Case:
    def item(n: int, stage: int) -> str:
        session = blake2b(bytes([stage]), digest_size=16).hexdigest()
        return paper.item(n, guid=None, link=f"{paper.link(n)};jsessionid={session}?sid={session}")

    return case(paper, each_round(paper, item))


@plays("edit-title")
def edit_title(paper: Paper) -> Case:
    def item(n: int, stage: int) -> str:
        return paper.item(n, title=f"{paper.title(n)}, part {stage}" if n == 3 else None)

    return case(paper, each_round(paper, item))


@plays("edit-date")
def edit_date(paper: Paper) -> Case:
    return case(
        paper, each_round(paper, lambda n, stage: paper.item(n, date=format_datetime(NOW + timedelta(days=stage))))
    )


@plays("atom-updated")
def atom_updated(paper: Paper) -> Case:
    def answer(asked: Asked) -> Answer:
        entries = "".join(
            f"<entry><id>tag:{paper.label},{n}</id><title>{paper.title(n)}</title><link href='{paper.link(n)}'/>"
            f"<updated>{(NOW + timedelta(days=asked.stage)).isoformat()}</updated></entry>"
            for n in reversed(ALL if asked.stage else BASE)
        )
        return http(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Atoms</title>{entries}</feed>".encode())

    return case(paper, [answer])


@plays("guid-same-all", "guid-feedurl", "guid-empty")
def one_guid_for_all(paper: Paper) -> Case:
    guid = {"guid-same-all": "1", "guid-feedurl": paper.url, "guid-empty": " "}[paper.label]
    return case(paper, each_round(paper, lambda n, _: paper.item(n, guid=guid), (7, 8, 9, 10)), 7, 8, 9, 10)


@plays("guid-dup-exact")
def guid_dup_exact(paper: Paper) -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*ALL, 7, 7]))])


@plays("two-roots")
def two_roots(paper: Paper) -> Case:
    return case(paper, [paper.feed(), http(paper.rss(ALL) + paper.rss(ALL)), paper.feed(*ALL)])


@plays("guid-migrated")
def guid_migrated(paper: Paper) -> Case:
    new = [paper.item(n, guid=f"tag:{paper.label},2026:{n}") for n in ALL]
    return case(paper, [paper.feed(), http(paper.rss(new))])


@plays("link-migrated")
def link_migrated(paper: Paper) -> Case:
    new = [paper.item(n, link=f"https://new.example/{paper.label}/{n}") for n in ALL]
    return case(paper, [paper.feed(), http(paper.rss(new))])


@plays("both-migrated")
def both_migrated(paper: Paper) -> Case:
    """Nothing tells an article from an old one any more: all of it waits for an admin's word."""
    new = [paper.item(n, guid=f"new-{n}", link=f"https://new.example/{paper.label}/{n}") for n in BASE]
    return nothing(paper, [paper.feed(), http(paper.rss(new))])


# -------------------------------------------------------------------------------------- windows and floods


@plays("vanish-return")
def vanish_return(paper: Paper) -> Case:
    return case(
        paper, [paper.feed(), paper.feed(5, 6), paper.feed(4, 5, 6), paper.feed(*ALL), paper.feed(7), paper.feed(*ALL)]
    )


@plays("vanish-long")
def vanish_long(paper: Paper) -> Case:
    """What the feed listed in the beginning returns only in the round after months have passed."""
    return case(paper, [paper.feed(), *[paper.feed(6, 7)] * LAST_STAGE, paper.feed(*ALL)])


@plays("flap-noitems")
def flap_noitems(paper: Paper) -> Case:
    none = http(paper.rss([]))
    return case(paper, [paper.feed(), none, paper.feed(), none, paper.feed(*ALL), none, paper.feed(*ALL)])


@plays("window-three")
def window_three(paper: Paper) -> Case:
    return case(paper, [paper.feed(n, n + 1, n + 2) for n in range(4, 10)], 7, 8, 9, 10, 11)


@plays("window-overrun")
def window_overrun(paper: Paper) -> Case:
    """Five came since the last round and three are listed: what could be seen is posted."""
    return case(paper, [paper.feed(4, 5, 6), paper.feed(9, 10, 11)], 9, 10, 11)


@plays("burst-500")
def burst_500(paper: Paper) -> Case:
    new = range(7, 507)
    burst = [paper.item(n, date=format_datetime(NOW + timedelta(hours=1, seconds=n))) for n in new]
    return case(paper, [paper.feed(), http(paper.rss([*BASE, *burst]))], *new, limited=True)


@plays("items-5000")
def items_5000(paper: Paper) -> Case:
    """An archive as long as a feed may be, and then one article more on top."""
    archive = "".join(f"<item><guid>{n}</guid><title>Old {n}</title></item>" for n in range(5000, 0, -1))
    return case(paper, [http(paper.rss([archive])), http(paper.rss([archive, 7]))])


@plays("arxiv")
def arxiv(paper: Paper) -> Case:
    """All of a day at once, and nothing of the day before."""

    def lump(stage: int) -> bytes:
        date = format_datetime(NOW + timedelta(hours=25 * stage))
        return http(paper.rss([paper.item(100 * stage + n, date=date) for n in range(40)]))

    new = [100 * stage + n for stage in (1, 2) for n in range(40)]
    return case(paper, [lump(0), lump(1), lump(2)], *new, limited=True)


# ---------------------------------------------------------------------------------------------------- dates


def dated(paper: Paper, date: str | None) -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*BASE, paper.item(7, date=date)]))])


@plays("date-future")
def date_future(paper: Paper) -> Case:
    return dated(paper, "Fri, 01 Jan 2038 00:00:00 GMT")


@plays("date-none")
def date_none(paper: Paper) -> Case:
    return dated(paper, None)


@plays("date-year9999")
def date_year_9999(paper: Paper) -> Case:
    return dated(paper, "Fri, 31 Dec 9999 23:59:59 -1200")


@plays("date-backfill")
def date_backfill(paper: Paper) -> Case:
    return dated(paper, "Mon, 05 Mar 2012 00:00:00 GMT")


@plays("date-all-same")
def date_all_same(paper: Paper) -> Case:
    same = format_datetime(NOW)
    return case(paper, each_round(paper, lambda n, _: paper.item(n, date=same)))


# ----------------------------------------------------------------------------------------------------- text


def titled(paper: Paper, title: str, shown: str | None = None) -> Case:
    """Item 7 has this headline; ``shown`` is what is left of it."""
    item = paper.item(7, title=escape(title, quote=False))
    return case(paper, [paper.feed(), http(paper.rss([*BASE, item]))], title if shown is None else shown)


@plays("title-everyone")
def title_everyone(paper: Paper) -> Case:
    return titled(paper, "@everyone @here free credits")


@plays("title-mention")
def title_mention(paper: Paper) -> Case:
    return titled(paper, "<@123> <@&456> <#789> </run:1> look")


@plays("title-masked")
def title_masked(paper: Paper) -> Case:
    return titled(paper, "[OpenAI](https://evil.example/login) releases")


@plays("title-break-link")
def title_break_link(paper: Paper) -> Case:
    return titled(paper, "](https://evil.example) ** ` || <https://evil.example>")


@plays("title-rtl")
def title_rtl(paper: Paper) -> Case:
    return titled(paper, "\u202egpj.exe\u202c \u2066notes\u200b", "gpj.exe notes")


@plays("feed-title-hostile")
def feed_title_hostile(paper: Paper) -> Case:
    title = "@everyone [Lab](https://evil.example) \u202e&lt;@1&gt;"
    return case(paper, [paper.feed(title=title), paper.feed(*ALL, title=title)])


@plays("html-titles")
def html_titles(paper: Paper) -> Case:
    return titled(
        paper, "<b>Bold</b> <script>alert(1)</script><i>move</i> &amp; <img src=x onerror=y>more", "Bold move & more"
    )


@plays("title-5000")
def title_5000(paper: Paper) -> Case:
    return titled(paper, "word " * 1000, " ".join(["word"] * 60) + "…")


@plays("title-emoji-cut")
def title_emoji_cut(paper: Paper) -> Case:
    return titled(paper, "👩‍👩‍👧" * 400, "👩‍👩‍👧" * 37 + "…")


@plays("summary-100k")
def summary_100k(paper: Paper) -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*BASE, paper.item(7, text="long " * 20_000)]))])


@plays("link-5000")
def link_5000(paper: Paper) -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*BASE, paper.item(7, link=paper.link(7) + "a" * 5000)]))])


@plays("title-empty")
def title_empty(paper: Paper) -> Case:
    item = paper.item(7, title="", text=f"{paper.title(7)}")
    return case(paper, [paper.feed(), http(paper.rss([*BASE, item]))])


# ---------------------------------------------------------------------------------------------------- links


def linked(paper: Paper, link: str, more: str = "") -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*BASE, paper.item(7, link=link, more=more)]))])


@plays("link-javascript")
def link_javascript(paper: Paper) -> Case:
    return linked(paper, "javascript:alert(1)")


@plays("link-data")
def link_data(paper: Paper) -> Case:
    return linked(paper, "data:text/html,evil")


@plays("link-userinfo")
def link_userinfo(paper: Paper) -> Case:
    return linked(paper, "https://openai.com@evil.example/7")


@plays("link-relative")
def link_relative(paper: Paper) -> Case:
    return linked(paper, "/posts/seven")


@plays("xml-base")
def xml_base(paper: Paper) -> Case:
    def answer(asked: Asked) -> Answer:
        entries = "".join(
            f"<entry xml:base='https://based.example/{n}/'><id>b{n}</id><title>{paper.title(n)}</title>"
            "<link href='here'/></entry>"
            for n in reversed(ALL if asked.stage else BASE)
        )
        feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Based</title>{entries}</feed>"
        return http(feed.encode())

    return case(paper, [answer])


@plays("all-none")
def all_none(paper: Paper) -> Case:
    return case(paper, [paper.feed(), http(paper.rss([*BASE, "<item></item><item/><item><title> </title></item>", 7]))])


@plays("idless")
def idless(paper: Paper) -> Case:
    return case(paper, each_round(paper, lambda n, _: paper.item(n, guid=None, link=None)))


@plays("idless-notitle")
def idless_notitle(paper: Paper) -> Case:
    def item(n: int, _: int) -> str:
        return f"<item><description>{paper.title(n)}</description></item>"

    return case(paper, each_round(paper, item))


# -------------------------------------------------------------------------------------------------- manners


@plays("polite/host")
def polite_host(paper: Paper) -> Case:
    """One host with a feed at every path, and slow enough for all of them to meet there."""

    def slowly(body: bytes) -> Live:
        async def play(line: Line) -> None:
            for _ in range(100):
                await asyncio.sleep(0)
            await line.send(body)

        return Live(play)

    return case(paper, [slowly(paper.feed()), slowly(paper.feed(*ALL))])


@plays("polite/agent")
def polite(paper: Paper) -> Case:
    return case(paper, [paper.feed(), paper.feed(*ALL)])


@plays("cookie-set")
def cookie_set(paper: Paper) -> Case:
    def answer(asked: Asked) -> Answer:
        return http(paper.rss(ALL if asked.stage else BASE), Set_Cookie="track=me; Max-Age=99999999")

    return case(paper, [answer])


@plays("ttl-zero")
def ttl_zero(paper: Paper) -> Case:
    return case(paper, [paper.feed(head="<ttl>0</ttl>"), paper.feed(*ALL, head="<ttl>0</ttl>")])


@plays("ttl-year")
def ttl_year(paper: Paper) -> Case:
    return case(paper, [paper.feed(head="<ttl>525600</ttl>"), paper.feed(*ALL, head="<ttl>525600</ttl>")])
