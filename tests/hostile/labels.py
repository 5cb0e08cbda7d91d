"""What the web does to a poller, by name: each is a kind of case, and each has to be played by ``cases``."""

from __future__ import annotations

PARSING = (
    "entity-quadratic", "entity-bomb", "attrs-many", "author-email", "comment-unclosed", "deep-nesting",
    "surrogates", "charref-huge", "gml-srs", "entity-backslash",
)  # fmt: skip
OUTSIDE = ("xxe-file", "xxe-http", "xxe-param", "xxe-dtd", "xslt-pi", "hub-internal")
SIZE = (
    "gzip-bomb", "br-bomb", "gzip-bomb-nested", "huge-200mb", "endless", "text-30mb", "length-huge", "html-huge",
)  # fmt: skip
NEVER_ENDING = ("slow-headers", "slow-drip", "stall-mid", "hang")
HALF = ("gzip-cut", "cut-close", "cut-in-item", "reset-body")
VALIDATORS = ("304-always", "304-stuck", "etag-new-same-body")
REDIRECTS = (
    "redirect-301", "redirect-308", "redirect-mixed", "redirect-301-404", "redirect-301-html", "redirect-301-login",
    "redirect-301-flap", "redirect-loop", "redirect-self", "redirect-chain-40", "redirect-cookie",
)  # fmt: skip

# Hosts to which a redirect leads, as they are spelt. Whatever listens there has a port of its own.
LOOPBACK = {
    "dotted": "127.0.0.1", "name": "localhost", "name-dot": "localhost.", "short": "127.1", "decimal": "2130706433",
    "hex": "0x7f000001", "octal": "0177.0.0.1", "other": "127.99.88.77", "zero": "0.0.0.0", "v6": "[::1]",
    "v6-mapped": "[::ffff:127.0.0.1]", "v6-mapped-hex": "[::ffff:7f00:1]", "v6-any": "[::]",
    "wide-digits": "①②⑦.⓪.⓪.①",
}  # fmt: skip
INNER = {
    "private-10": "10.0.0.1", "private-172": "172.16.0.1", "private-192": "192.168.1.1", "carrier": "100.64.0.1",
    "link-local": "169.254.1.1", "metadata": "169.254.169.254", "v6-link-local": "[fe80::1]",
    "v6-metadata": "[fd00:ec2::254]", "v6-nat64": "[64:ff9b::7f00:1]", "v6-6to4": "[2002:7f00:1::]",
    "multicast": "224.0.0.1", "broadcast": "255.255.255.255",
}  # fmt: skip
SSRF = {f"ssrf-{label}": host for label, host in (LOOPBACK | INNER).items()}
SCHEMES = {
    "scheme-file": "file:///etc/passwd", "scheme-ftp": "ftp://127.0.0.1/",
    "scheme-gopher": "gopher://127.0.0.1:{port}/_x", "scheme-dict": "dict://127.0.0.1:{port}/x",
    "scheme-data": "data:text/xml,<rss/>", "scheme-javascript": "javascript:1",
    "scheme-ldap": "ldap://127.0.0.1:{port}/",
}  # fmt: skip
REBINDING = ("rebinding",)
CONTENT = (
    "html-internal", "html-scheme", "itunes-new-feed", "atom-next-internal", "image-internal", "link-internal",
)  # fmt: skip
WAITS = {
    "seconds": "7200", "date": "Fri, 02 Jan 2026 20:00:00 GMT", "junk": "soon", "negative": "-120",
    "year": "31536000", "40-digits": "9" * 40,
}  # fmt: skip
LATER = {f"{status}-{label}": (status, wait) for status in (429, 503) for label, wait in WAITS.items()}
NO_FEED = (
    "status-410", "status-410-feed", "status-200-error", "login-200", "empty-200", "flap-html", "flap-empty",
    "flap-500",
)  # fmt: skip
IDENTITY = (
    "guid-changes", "link-utm", "link-session", "edit-title", "edit-date", "atom-updated", "guid-same-all",
    "guid-feedurl", "guid-empty", "guid-dup-exact", "two-roots", "guid-migrated", "both-migrated", "link-migrated",
)  # fmt: skip
WINDOWS = (
    "vanish-return", "vanish-long", "flap-noitems", "window-three", "window-overrun", "burst-500", "items-5000",
    "arxiv",
)  # fmt: skip
DATES = ("date-future", "date-none", "date-year9999", "date-all-same", "date-backfill")
TEXT = (
    "title-everyone", "title-mention", "title-masked", "title-break-link", "title-rtl", "feed-title-hostile",
    "html-titles", "title-5000", "title-emoji-cut", "summary-100k", "link-5000", "title-empty",
)  # fmt: skip
LINKS = ("link-javascript", "link-data", "link-userinfo", "link-relative", "xml-base")
IDLESS = ("all-none", "idless", "idless-notitle")
MANNERS = ("polite/host", "polite/agent", "cookie-set", "ttl-zero", "ttl-year")

LABELS = (
    *PARSING, *OUTSIDE, *SIZE, *NEVER_ENDING, *HALF, *VALIDATORS, *REDIRECTS, *SSRF, *SCHEMES, *REBINDING, *CONTENT,
    *LATER, *NO_FEED, *IDENTITY, *WINDOWS, *DATES, *TEXT, *LINKS, *IDLESS, *MANNERS,
)  # fmt: skip
