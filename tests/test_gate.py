"""Which URLs and addresses the door lets through: the attack forms one by one, and the ordinary ones."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from ingest import gate
from ingest.gate import Gate, host_of, is_public, parse

# Every way we know to write an address that is not public (A01). The names are for a resolver that says 127.0.0.1.
FORMS = [
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7F.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0x0.1/",
    "http://00000000177.1/",
    "http://0.0.0.0/",
    "http://0/",
    "http://0x/",
    "http://127.0.0.1./",
    "http://127.1./",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127｡0｡0｡1/",
    "http://user@127.0.0.1/",
    "http://user:pass@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://127.0.0.1@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1%00.example.com/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%2eexample.com/",
    "http://127.0.0.1\t.example.com/",
    "http://exa\nmple.com@127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://10.0.0.1/",
    "http://10.1/",
    "http://167772161/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://239.1.1.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[::10.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[100::1]/",
    "http://[2001::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[2002:7f00:1::]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[ff0e::1]/",
    "http://[::1].example.com/",
    "http://[v1.127]/",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
    "http://127.0.0.08/",
    "http://4294967296/",
    "http://localhost/",
    "http://localhost./",
    "http://localhost.localdomain/",
    "http://LOCALHOST/",
    "http://ⓛocalhost/",
    "http://127.0.0.1.nip.test/",
    "http://a.local/",
    "http://xn--/",
    "http:///",
    "http://./",
    "http://:80/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:-1/",
    "http://example.com:8080/",
    "http://8.8.8.8:22/",
    "https://[2606:4700::1111]:6379/",
]


@pytest.mark.parametrize("url", FORMS)
def test_no_spelling_of_a_private_address_passes(url: str) -> None:
    assert refusal(url, resolved="127.0.0.1")


def refusal(url: str, resolved: str) -> str | None:
    try:
        target = parse(url)
    except ValueError as error:
        return str(error)
    return Gate(()).refusal(target, [target.literal or ip_address(resolved)])


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://example.com", "example.com", 80, "/"),
        ("HTTPS://Example.COM:443/a?b=c#d", "example.com", 443, "/a?b=c"),
        ("http://example.com:/a", "example.com", 80, "/a"),
        ("  http://example.com/a b\n", "example.com", 80, "/a%20b"),
        ("http://example.com?x=1", "example.com", 80, "/?x=1"),
        ("http://example.com./feed", "example.com", 80, "/feed"),
        ("http://situs-bérita.id/kabar/é?q=ü", "xn--situs-brita-hbb.id", 80, "/kabar/%C3%A9?q=%C3%BC"),
        ("http://my_blog.blogspot.com/%7Ea/%zz", "my_blog.blogspot.com", 80, "/%7Ea/%zz"),
        ("http://blog.blogspot.com/a\\b", "blog.blogspot.com", 80, "/a/b"),
        ("http://example.com/../a/./b/../c?d=/../", "example.com", 80, "/a/c?d=/../"),
        ("http://example.com/a/b/..", "example.com", 80, "/a/"),
        ("http://8.8.8.8/", "8.8.8.8", 80, "/"),
        ("http://134744072/", "8.8.8.8", 80, "/"),
        ("https://[2606:4700:0::1111]/", "2606:4700::1111", 443, "/"),
    ],
)
def test_ordinary_urls_are_read_as_they_are(url: str, host: str, port: int, path: str) -> None:
    target = parse(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert parse(target.url) == target


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/a", "https://Example.com./", "http://example.com:443/", "https://example.com:80/"),
        *("http://example.com:8080/", "http://bérita.id/", "http://my_blog.blogspot.com/", "http://8.8.8.8:81/"),
        *("http://[2606:4700:0::1111]/", "http://[2606:4700::1111]:8080/"),
    ],
)
def test_the_two_names_of_a_host_agree(url: str) -> None:
    assert parse(url).key == host_of(url)


@pytest.mark.parametrize("url", ["ftp://a.com/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "", "a.com"])
def test_only_http_and_https(url: str) -> None:
    with pytest.raises(ValueError, match=r"scheme|URL"):
        parse(url)


def test_a_url_of_more_than_2048_characters_is_refused() -> None:
    assert parse("http://a.com/" + "x" * 2035)
    with pytest.raises(ValueError, match="2048"):
        parse("http://a.com/" + "x" * 2036)


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "103.10.0.1", "2606:4700::1111", "2404:6800:4003::1"])
def test_public_addresses_pass(text: str) -> None:
    assert is_public(ip_address(text))
    assert Gate(()).refusal(parse("http://example.com/"), [ip_address(text)]) is None


def test_one_private_answer_among_public_ones_refuses_them_all() -> None:
    answers = [ip_address("8.8.8.8"), ip_address("fd00::1")]
    refusal = Gate(()).refusal(parse("http://example.com/"), answers)
    assert refusal == "fd00::1 is not a public address"


def test_an_allowed_network_opens_its_addresses_and_their_ports_only() -> None:
    door = Gate([ip_network("127.0.0.0/8")])
    assert door.refusal(parse("http://127.0.0.9:5432/"), [ip_address("127.0.0.9")]) is None
    assert door.refusal(parse("http://example.com:8080/"), [ip_address("8.8.8.8")])
    assert door.refusal(parse("http://example.com/"), [ip_address("127.0.0.1"), ip_address("10.0.0.1")])
    assert door.refusal(parse("http://[::1]/"), [ip_address("::1")])
    assert door.refusal(parse("http://x/"), [ip_address("::ffff:127.0.0.1")])


def test_a_location_is_joined_and_loses_its_userinfo() -> None:
    base = parse("https://user:secret@example.com/a/b?c")
    assert base.credentials == "Basic dXNlcjpzZWNyZXQ="
    assert "secret" not in base.url
    target = gate.join(base, "//x:y@other.example/../z")
    assert (target.url, target.credentials) == ("https://other.example/z", None)
    assert gate.join(base, "?page=2").url == "https://example.com/a/b?page=2"
