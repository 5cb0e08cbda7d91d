"""In which encoding a document is written, whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.charset import to_utf8

RUSSIAN = "<rss><title>Новости о моделях</title></rss>"
JAPANESE = "<rss><title>新しいモデルの公開について</title></rss>"


def written(text: str, encoding: str, *, says: str | None = None) -> bytes:
    """A document in this encoding, with a declaration that says another one."""
    declaration = f"<?xml version='1.0' encoding='{says}'?>" if says else ""
    return (declaration + text).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_it_before_all_else(encoding: str):
    body = written(RUSSIAN, encoding, says="koi8-r")

    assert to_utf8(body, "text/xml; charset=windows-1251").decode() == RUSSIAN


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_its_mark(encoding: str):
    assert to_utf8(written(RUSSIAN, encoding, says="utf-16"), None).decode() == RUSSIAN


@pytest.mark.parametrize("header", ["text/xml; charset=windows-1251", 'text/xml; Charset="WINDOWS-1251"; x=y'])
def test_the_header_says_it_before_the_declaration(header: str):
    assert to_utf8(written(RUSSIAN, "windows-1251", says="koi8-r"), header).decode() == RUSSIAN


@pytest.mark.parametrize(
    "header", [None, "text/xml", "text/xml; charset=", "text/xml; charset=utf-8", "; charset=nonsense"]
)
def test_the_declaration_says_it_where_the_header_is_silent_or_wrong(header: str | None):
    assert to_utf8(written(RUSSIAN, "koi8-r", says="koi8-r"), header).decode() == RUSSIAN


def test_where_nobody_says_it_the_bytes_do():
    assert to_utf8(written(RUSSIAN * 5, "windows-1251"), "text/xml").decode() == RUSSIAN * 5


def test_what_is_valid_utf_8_is_that_whatever_a_server_says_of_all_its_files():
    assert to_utf8(written(RUSSIAN, "utf-8", says="utf-8"), "text/xml; charset=iso-8859-1").decode() == RUSSIAN


@pytest.mark.parametrize("encoding", ["shift_jis", "euc-jp", "iso-2022-jp"])
def test_japanese_can_be_read_in_its_own_encodings(encoding: str):
    assert to_utf8(written(JAPANESE, encoding, says=encoding), None).decode() == JAPANESE


def test_latin_1_is_what_browsers_take_it_for():
    assert to_utf8("<t>“€5”</t>".encode("cp1252"), "text/xml; charset=iso-8859-1").decode() == "<t>“€5”</t>"


def test_utf_7_is_no_encoding_and_hides_nothing():
    assert to_utf8(b"<t>+ADw-script</t>", "text/xml; charset=utf-7") == b"<t>+ADw-script</t>"


def test_the_declaration_goes_because_it_speaks_of_what_was():
    assert to_utf8(written(RUSSIAN, "koi8-r", says="koi8-r"), None).startswith(b"<rss>")


@given(st.binary(max_size=200), st.none() | st.text(max_size=60))
def test_any_bytes_become_utf_8(body: bytes, header: str | None):
    to_utf8(body, header).decode()
