"""Discord's Markdown and Discord's limits: how text from outside is shown as it stands, and how long it may be.

Discord counts in UTF-16 code units; ``newsroom.text.length`` counts the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Final

from yarl import URL

from newsroom.text import ELLIPSIS, clean

# Source: Discord's API documentation (message, embed, component and channel resources).
CONTENT: Final = 2000
EMBED_TITLE: Final = 256
EMBED_DESCRIPTION: Final = 4096
EMBED_URL: Final = 2048
MASKED_URL: Final = 500
"""Ours: one of up to ten links in one message. A longer one is left out."""
HOST: Final = 60
"""Ours: how much of a host is shown."""
EMBED_TOTAL: Final = 6000
"""All text of all embeds of one message; addresses and times don't count."""
BUTTON_LABEL: Final = 80
BUTTON_URL: Final = 512
CUSTOM_ID: Final = 100
SELECT_OPTIONS: Final = 25
SELECT_LABEL: Final = 100
SELECT_DESCRIPTION: Final = 100
CHOICE_NAME: Final = 100
THREAD_NAME: Final = 100
LAYOUT_TEXT: Final = 4000
"""All text of one message made of Components V2."""
LAYOUT_COMPONENTS: Final = 40

# One backslash before each of these is enough to show the text as it stands, and each match is one character, so
# a text at most doubles. No more is escaped than that: bridges, exports and some notifications show backslashes.
_MARKUP = re.compile(
    r"""
      [\\*_`<]                          # escapes, bold, italics, underline, code; mentions, times, emoji and <links>
    | ~(?=~) | \|(?=\|)                 # strike-through and spoilers take two
    | (?<=<)@ | @(?=everyone|here)      # the server finds <@1> behind a backslash too, so it is torn apart
    | (?<=\])\(                         # [text](address)
    | :(?=//)                           # https://, steam://
    | (?<=discord)\.(?=\w+/)            # discord.gg/x becomes an invitation without any https://
    | (?<=discordapp)\.(?=\w+/)
    | :(?=:*[^\s:]+:)                   # :smile:
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Quotes, headings, small print and lists begin a line. What is escaped here is one line, which may follow our own text.
_LINE_START = re.compile(r"^(?=(?:>|>>>|\#{1,3}|-\#|[-+])(?:\s|$))|^\d+(?=\.(?:\s|$))")

# An address on its own. Brackets end it unless it opens them itself, and so does the punctuation of a sentence.
_ADDRESS = re.compile(
    r"""
      https?://
      (?: [^\s<>()\[\]] | \([^\s<>()\[\]]*\) )*
      (?: [^\s<>()\[\].,;:!?'"…] | \([^\s<>()\[\]]*\) )
    """,
    re.VERBOSE | re.IGNORECASE,
)

# A scheme, or a dot between letters. "U.S." and "e.g." are no addresses, neither are ".NET" and "GPT-5.1".
_READS_LIKE_ADDRESS = re.compile(r"\w://|[^\W\d_]{2}[.。][^\W\d_]|[^\W_][.。][^\W\d_]{2}")


def escape(text: str) -> str:
    """Text from outside in the form in which Discord shows it as it stands, on one line and cleaned.

    Nothing in it pings, links, formats, hides or reorders anything. At most twice as long as what was given, so
    cut first and escape then: a cut behind this could leave half an escape. ``@everyone`` stays readable and is
    only kept from being drawn as a mention; that it doesn't ping is for ``AllowedMentions.none()``.

    Source: Discord shows a backslash before a character that is neither letter, digit nor space as that character.
    """
    return _LINE_START.sub(r"\g<0>\\", _MARKUP.sub(r"\\\g<0>", clean(text)))


def escape_but_links(text: str) -> str:
    """The same, but the addresses in it lead where they say, each without a preview.

    What ``link`` takes for none, or would make more than twice as long, stays text.
    """
    whole, parts, end = clean(text), [], 0
    marks = {found.start() for found in _MARKUP.finditer(whole)}

    def escaped(start: int, stop: int) -> str:
        return "".join(f"\\{whole[at]}" if at in marks else whole[at] for at in range(start, stop))

    for found in _ADDRESS.finditer(whole):
        address = link(found[0], MASKED_URL)
        if address is not None and len(address) + len("<>") <= 2 * len(found[0]):
            parts += [escaped(end, found.start()), f"<{address}>"]
            end = found.end()
    return _LINE_START.sub(r"\g<0>\\", "".join([*parts, escaped(end, len(whole))]))


def link(
    url: str | None, limit: int, schemes: Container[str] = ("http", "https"), *, in_text: bool = True
) -> str | None:
    """The address as Discord takes it for a link, or None where it can't be one of at most ``limit`` characters.

    An address in ASCII, without white space or ``>``, so that ``<address>`` is a link too, and without parentheses,
    so that ``[name](address)`` ends with it. A user name in it is dropped, because
    ``https://lab.example@evil.example`` reads like another place. What doesn't stand ``in_text`` keeps its
    parentheses: servers that sign the addresses of their pictures may take no other spelling.
    """
    if url is None or len(url) > limit:
        return None
    try:
        address = URL(url).with_user(None)
    except ValueError:
        return None
    if address.scheme not in schemes or not address.raw_host or re.search(r"[()]", address.raw_host):
        return None
    encoded = str(address)
    if in_text:
        encoded = encoded.replace("(", "%28").replace(")", "%29")
    fits = len(encoded) <= limit and encoded.isascii() and not re.search(r"[\s<>]", encoded)
    return encoded if fits else None


def sign(emoji: str, number: int | str) -> str:
    """A number and what it counts, which no narrow screen parts."""
    return f"{emoji}\N{NO-BREAK SPACE}{number}"


def message_link(guild_id: int, channel_id: int, message_id: int) -> str:
    """The address of a message, which Discord's clients open where they are."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


def host(url: str) -> str:
    """Where a link leads, for people: the host in ASCII without ``www.``, so that no letter imitates another.

    Of one longer than HOST the end is shown, because that says whose it is. ``url`` is what ``link`` has made.
    """
    name = (URL(url).raw_host or "").removeprefix("www.")
    return name if len(name) <= HOST else ELLIPSIS + name[-(HOST - 1) :]


def masked_link(label: str, url: str | None) -> str:
    """A label from outside as a link; the label alone where ``url`` is no link of at most MASKED_URL characters.

    A label that reads like an address could name another place than the link leads to, so then the host stands
    beside it, unless the label is that host: "[lab.example/a](https://evil.example/) (evil.example)".
    """
    shown = escape(label)
    address = link(url, MASKED_URL)
    if address is None:
        return shown
    leads_to = host(address)
    is_plain = not _reads_like_address(label) or clean(label).lower().removeprefix("www.") == leads_to
    return f"[{shown}]({address})" if is_plain else f"[{shown}]({address}) ({escape(leads_to)})"


def _reads_like_address(label: str) -> bool:
    """Whether people may take a part of it for an address. Accents don't count, since one could stand at the dot."""
    signs = unicodedata.normalize("NFKD", clean(label))
    letters = "".join(sign for sign in signs if not unicodedata.category(sign).startswith("M"))
    return _READS_LIKE_ADDRESS.search(letters) is not None
