import socket

import pytest

from newsroom.errors import AddressRefused
from newsroom.feeds.guard import LONGEST_URL, Guard, PrivateAddress, guarded_socket, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:7f00:1::",
        "2001:0:808:808::80ff:fffe",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
        "localhost",
        "127.1",
        "",
    ],
)
def test_an_address_outside_the_public_web_is_not_opened(address):
    assert not is_public(address)
    with pytest.raises(PrivateAddress):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80)))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_an_address_of_the_public_web_is_opened_in_any_form(address):
    assert is_public(address)


def test_a_public_address_gets_a_socket_of_its_family():
    with guarded_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", 80))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "nonsense",
        "example.com/feed",
        "//example.com/feed",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "dict://127.0.0.1:11211/",
        "unix:/var/run/docker.sock",
        "http://",
        "http:///feed",
        "http://[::1",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://:secret@example.com/",
        "http://example.com/" + "a" * 5000,
    ],
)
def test_what_is_no_plain_web_address_is_refused_in_one_sentence_without_repeating_it(url):
    with pytest.raises(AddressRefused) as refused:
        Guard().check_url(url)

    assert str(refused.value).endswith(".")
    assert "secret" not in str(refused.value)


def test_a_web_address_is_taken_without_its_fragment_and_spaces_around_it():
    assert str(Guard().check_url(" https://Example.com/feed?a=1#top\n")) == "https://example.com/feed?a=1"


@pytest.mark.parametrize(
    ("entry", "url", "is_let_in"),
    [
        ("localhost", "http://localhost:8000/", True),
        ("LOCALHOST", "http://localhost/", True),
        ("localhost:8000", "http://localhost:8000/feed", True),
        ("localhost:8000", "http://localhost:8001/", False),
        ("localhost:80", "http://localhost/", True),
        ("localhost", "http://127.0.0.1/", False),
        ("127.0.0.1", "http://127.1/", False),
        ("127.0.0.1", "http://127.0.0.1.example.com/", False),
        ("[::1]:8000", "http://[::1]:8000/", True),
        ("::1", "http://[::1]:8000/", True),
        ("intra.example", "http://sub.intra.example/", False),
    ],
)
def test_a_host_is_let_in_only_as_the_operator_wrote_it(entry, url, is_let_in):
    guard = Guard([entry])

    assert guard.allows(guard.check_url(url)) is is_let_in


@pytest.mark.parametrize("letter", ["x", "ä"])
def test_an_address_may_be_long_but_not_endless(letter: str):
    written = "https://lab.example/"
    room = (LONGEST_URL - len(written)) // len("%C3%A4" if letter == "ä" else "x")

    Guard().check_url(written + letter * room)
    with pytest.raises(AddressRefused, match="too long: more than 2,000 characters"):
        Guard().check_url(written + letter * (room + 1))
