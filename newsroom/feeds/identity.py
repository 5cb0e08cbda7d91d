"""Which items of a feed are the same article, and which articles are the same story.

An article has several aliases, because each of them moves somewhere on the web: publishers change guids, add
tracking to links, turn http into https, move house. A hit on any alias means known. Dates are never identity.

Pure, and made for hostile text: nothing here raises on what a feed may hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from urllib.parse import urlencode

from yarl import URL

from newsroom.models import Entry

KEY_BYTES = 16
LONGEST_COMPARED = 2048  # what is longer, or has more parameters, is compared as it stands: it takes long to take apart
MOST_PARAMETERS = 50
LONGEST_HOST = 253  # RFC 1035, section 2.3.4; names are costly to normalise
LONGEST_WORDS = 500

# Only what is known to say where a reader came from: a name too many here, and of two articles one is lost.
# (cid, eid, uid and keyword name articles on many sites, which is why courlan's wider pattern won't do.)
# fmt: off
TRACKING_PREFIXES = (
    "utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "_hs", "__hs", "oly_", "vero_", "at_", "ns_", "mc_",
)
TRACKING_NAMES = frozenset((
    "_ga", "_gl", "cfid", "cftoken", "ck_subscriber_id", "cmpid", "dclid", "epik", "fbclid", "gbraid", "gclid",
    "gclsrc", "icid", "igsh", "igshid", "jsessionid", "li_fat_id", "mkt_tok", "msclkid", "ncid", "phpsessid",
    "rdt_cid", "ref_src", "ref_url", "referrer", "s_cid", "session_id", "sessionid", "smid", "ttclid", "twclid",
    "wbraid", "wt_mc", "xtor", "yclid", "ysclid",
))
# fmt: on
# Slashdot's sid is an article; a long random one is a session.
SESSION_LIKE_NAMES = frozenset({"s", "sid", "session"})
SESSION_VALUE = re.compile(r"[0-9a-f]{32,}|[0-9a-z]{26,}", re.IGNORECASE)
# Ghost and newsletters add ?ref=their.name; a number or a version there names content.
REFERRER_VALUE = re.compile(r"[a-z_-]+|[\w-]+(\.[a-z][a-z-]+)+", re.IGNORECASE)
PATH_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
# simonwillison.net marks the links in its feed with #atom-everything; browsers share with #:~:text=.
FEED_FRAGMENT = re.compile(r"(atom|rss|feed)([-_].*)?|:~:.*", re.IGNORECASE)

SCHEME = re.compile(r"https?://", re.IGNORECASE)
AUTHORITY_END = re.compile(r"[/?#\\]")
FIRST_SENTENCE = re.compile(r".*?[.!?…。！？](?=\s|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with the aliases that tell it from all other items of its document.

    ``keys`` always count; ``hostless`` count only when the site has moved; ``doubtful`` are looked up, too, but not
    remembered, and ``spare`` remembered but not looked up. ``names`` are what is to be remembered, for a known article
    too: after a move, or when a feed begins or ceases to give all its items one guid, that is what makes it known.
    ``story_key`` is the same in every feed that links to this page; None where the link names no single article.
    ``is_settled`` tells that no other item of the document claims any of its aliases.
    """

    entry: Entry
    keys: tuple[bytes, ...]
    hostless: tuple[bytes, ...]
    doubtful: tuple[bytes, ...]
    spare: tuple[bytes, ...]
    story_key: bytes | None
    is_settled: bool

    @property
    def names(self) -> tuple[bytes, ...]:
        """Every alias to be remembered."""
        return self.keys + self.hostless + self.spare

    def telling(self, moved: bool) -> tuple[bytes, ...]:
        """The aliases by which the article may be known, the most telling first."""
        return self.keys + (self.hostless if moved else ()) + self.doubtful


@dataclass(frozen=True, slots=True)
class Identities:
    """The articles of a document from top to bottom, each once, and the one host that all links share, if any.

    ``left_out`` are the fingerprints of items that aren't among them because they were known by their bytes.
    """

    host: str | None
    items: tuple[Identified, ...]
    left_out: tuple[bytes, ...] = ()

    @property
    def fingerprints(self) -> bytes:
        """The fingerprints by which items need not be read again, once all are remembered: joined.

        An item whose aliases others claim as well isn't among them: when those are gone, it has to be learned anew.
        """
        own = (item.entry.fingerprint for item in self.items if item.is_settled)
        return b"".join((*self.left_out, *filter(None, own)))

    @property
    def all_keys(self) -> set[bytes]:
        """Every alias in the document, also those that don't always count."""
        return {key for item in self.items for key in (*item.names, *item.doubtful)}


@dataclass(frozen=True, slots=True)
class _Address:
    """A link taken apart: what stays equal while the page does. ``place`` is path, query and fragment.

    An empty ``place`` is a bare front page, which stands for whatever is on it today and names no article.
    """

    host: str
    place: str
    place_with_tracking: str


@dataclass(frozen=True, slots=True)
class _Claims:
    """The aliases an entry would like to have, the most telling first; others in its document may claim them too."""

    entry: Entry
    keys: tuple[bytes, ...]
    hostless: tuple[bytes, ...]
    words: str
    story_key: bytes | None


def identify(entries: Sequence[Entry], left_out: tuple[bytes, ...] = ()) -> Identities:
    """Tell the articles of one document apart.

    An alias that several items share counts for none of them: ten items with one guid are ten articles. Items
    alike in guid, link and words are one article. What has no guid, link or words at all is skipped.
    """
    hosts: set[str] = set()
    unalike: dict[tuple[str | None, str | None, str], _Claims] = {}
    for entry in entries:
        guid, link, words = _clean(entry.guid), _clean(entry.link), _words(entry)
        address = _address(link)
        if address:
            hosts.add(address.host)
            link = address.host + address.place
        if guid or link or words:
            claims = _claims(entry, guid, address or link, words)
            unalike.setdefault((guid and _without_scheme(guid), link, words), claims)

    shared = _shared(unalike.values())
    once: dict[tuple[bytes, ...], Identified] = {}
    for claims in unalike.values():
        # Where guid and link tell nothing the words are the key, and equal words are one article.
        item = _identified(claims, shared)
        once.setdefault(item.keys, item)
    return Identities(hosts.pop() if len(hosts) == 1 else None, tuple(once.values()), left_out)


def has_moved(host: str | None, stored_host: str | None) -> bool:
    """Whether all links of a feed went from one host to another: only then do addresses count without a host."""
    return host is not None and stored_host is not None and host != stored_host


def stands_alone(identities: Identities, stored_host: str | None, known: Container[bytes]) -> bool:
    """Whether some items of a document are the same articles without the rest of it, which was known by its bytes.

    They need not be: an alias that several items claim counts for none of them, and a site has moved house only if all
    its links have. So what is read alone has to look new by all its aliases, and at home.
    """
    is_at_home = stored_host is None or identities.host == stored_host
    return is_at_home and not any(key in known for key in identities.all_keys)


def names_of_link(link: str) -> dict[bytes, str]:
    """Return the aliases under which an article with this link may be known, each with what it is called."""
    text = link.strip()
    names = {_key("guid", text): "guid"}
    if SCHEME.match(text):
        names[_key("schemeless guid", _without_scheme(text))] = "guid without http:// or https://"
    address = _address(text)
    if address and address.place:
        names[_key("link", address.host + address.place_with_tracking)] = "link with all its parameters"
        names[_key("link", address.host + address.place)] = "link"
    return names


def _claims(entry: Entry, guid: str | None, link: _Address | str | None, words: str) -> _Claims:
    keys: list[bytes] = []
    hostless: list[bytes] = []
    story_key = None

    guid_address = _address(guid)
    if guid and (guid_address is None or guid_address.place):
        keys.append(_key("guid", guid))
        if SCHEME.match(guid):
            keys.append(_key("schemeless guid", _without_scheme(guid)))
        if guid_address:
            hostless.append(_key("hostless guid", guid_address.place))

    if isinstance(link, str):
        keys.append(_key("link", link))
    elif link and link.place:
        keys.append(_key("link", link.host + link.place))
        keys.append(_key("link", link.host + link.place_with_tracking))
        hostless.append(_key("hostless link", link.place))
        story_key = _key("story", link.host + link.place)

    return _Claims(entry, tuple(dict.fromkeys(keys)), tuple(hostless), words, story_key)


def _identified(claims: _Claims, shared: Container[bytes | None]) -> Identified:
    """Tell an item by the aliases that no other item claims; by its words where none is left.

    The words are remembered of every article, under another name, and an article that is known by its words alone is
    known by them for ever: so it makes no difference when a feed changes between unique and shared guids.
    """
    keys = tuple(key for key in claims.keys if key not in shared)
    words, spare = (_key(kind, claims.words) for kind in ("words", "spare words"))
    is_told_by_words = bool(claims.words) and words not in shared
    return Identified(
        entry=claims.entry,
        keys=keys or (words,),
        hostless=tuple(key for key in claims.hostless if key not in shared),
        doubtful=(words if keys else spare,) if is_told_by_words else (),
        spare=(spare,) if keys and is_told_by_words else (),
        story_key=None if claims.story_key in shared else claims.story_key,
        is_settled=bool(keys) and not any(key in shared for key in (*claims.keys, *claims.hostless, words)),
    )


def _shared(all_claims: Iterable[_Claims]) -> set[bytes | None]:
    """The keys that more than one item of the document claims."""
    counts = Counter(
        key
        for claims in all_claims
        for key in (*claims.keys, *claims.hostless, claims.story_key, _key("words", claims.words))
    )
    return {key for key, count in counts.items() if count > 1}


def _address(text: str | None) -> _Address | None:
    """Take an http(s) address apart, or return None for anything else.

    Left out because it says nothing about the page: scheme, "www.", user, default port, a slash at the end, the
    order of the query, the way of percent-encoding. Kept: the case of the path, and the fragment, which is all
    that tells the entries of a changelog apart.
    """
    if not text or len(text) > LONGEST_COMPARED or text.count("&") > MOST_PARAMETERS or not SCHEME.match(text):
        return None
    if len(AUTHORITY_END.split(_without_scheme(text), maxsplit=1)[0]) > LONGEST_HOST:
        return None
    try:
        url = URL(text)
        host, path, pairs, fragment = url.raw_host, url.raw_path, list(url.query.items()), url.raw_fragment
    except ValueError:
        return None
    if not host:
        return None

    host = host.lower().rstrip(".").removeprefix("www.")
    if url.explicit_port and not url.is_default_port():
        host += f":{url.explicit_port}"
    if FEED_FRAGMENT.fullmatch(fragment):
        fragment = ""
    telling = [(name, value) for name, value in pairs if not _is_tracking(name, value)]
    return _Address(
        host=host,
        place=_place(PATH_SESSION.sub("", path), telling, "" if _is_tracking_fragment(fragment) else fragment),
        place_with_tracking=_place(path, pairs, fragment),
    )


def _place(path: str, pairs: Iterable[tuple[str, str]], fragment: str) -> str:
    query = urlencode(sorted(pairs, key=itemgetter(0)), errors="surrogatepass")
    return path.rstrip("/") + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _is_tracking(name: str, value: str) -> bool:
    name = name.lower()
    return (
        name in TRACKING_NAMES
        or name.startswith(TRACKING_PREFIXES)
        or (name in SESSION_LIKE_NAMES and SESSION_VALUE.fullmatch(value) is not None)
        or (name == "ref" and REFERRER_VALUE.fullmatch(value) is not None)
        or (name == "source" and value.lower().startswith("rss"))
    )


def _is_tracking_fragment(fragment: str) -> bool:
    """Whether it is one such as utm_source=rss or xtor=RSS-1."""
    pairs = [part.partition("=") for part in fragment.split("&")]
    return all(_is_tracking(name, value) for name, _, value in pairs)


def _without_scheme(address: str) -> str:
    return SCHEME.sub("", address, count=1)


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def _words(entry: Entry) -> str:
    """The title and the first sentence, whatever their case, spacing or width of letters; "" without any."""
    summary = entry.summary[:LONGEST_WORDS]
    sentence = FIRST_SENTENCE.match(summary)
    return "\n".join((_plain(entry.title[:LONGEST_WORDS]), _plain(sentence[0] if sentence else summary))).strip()


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _key(kind: str, value: str) -> bytes:
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES, person=kind.encode()).digest()
