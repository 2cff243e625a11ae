"""What comes in a document's place is told apart and never stored; what our provider does costs no feed anything."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from ingest.fetch import Kind, Request
from ingest.isp import Isp
from ingest.shell import Shell
from kliping.feeds import FetchOutcome
from kliping.settings import Settings
from parsers import walls
from tests.clock import FakeClock
from tests.hostile import Hostile, Names, drip, redirect, reply
from tests.shell import add_feed, rows, run, shell_on, visit_due
from tests.test_fetch import door
from tests.world import World

ROOT = Path(__file__).resolve().parent
URL = "https://kabar.example/feed"


def page(title: str, body: str, head: str = "") -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


SCRIPT = "<script>var a = 1;</script>" * 50
ORCHESTRATE = '<script src="/cdn-cgi/challenge-platform/h/g/orchestrate"></script>'
HARMLESS = '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
CF = "<script>window._cf_chl_opt={cvId:'3'};</script>"
WAITING = "<h1>Sebentar</h1>"
# (word, status, headers, document, final URL when it is another)
PAGES: dict[str, tuple[str, int, dict[str, str], str, str]] = {
    "cloudflare header": ("challenge", 403, {"cf-mitigated": "challenge"}, "", ""),
    "cloudflare header on 200": ("challenge", 200, {"cf-mitigated": "challenge"}, page("a", "b"), ""),
    "cloudflare body": ("challenge", 403, {}, page("Just a moment...", CF), ""),
    "cloudflare on 503": ("challenge", 503, {}, page("Just a moment...", WAITING + SCRIPT), ""),
    "cloudflare captcha": ("challenge", 403, {}, page("Attention Required! | Cloudflare", "<h1>Sorry</h1>"), ""),
    "cloudflare orchestrate": ("challenge", 200, {}, page("a.example", ORCHESTRATE), ""),
    "browser check": ("challenge", 200, {}, page("kabar", "Checking your browser before you go on"), ""),
    "human check": ("challenge", 200, {}, page("kabar", "<p>Verify you are a human to continue</p>"), ""),
    "robot check in Indonesian": ("challenge", 200, {}, page("Cek", "<p>Buktikan bahwa Anda bukan robot</p>"), ""),
    "browser check in Indonesian": ("challenge", 503, {}, page("Cek", "<p>Kami memeriksa peramban Anda</p>"), ""),
    "incapsula": ("challenge", 200, {}, page("", '<iframe src="/_Incapsula_Resource?x=1"></iframe>'), ""),
    "siteground": ("challenge", 202, {}, page("", '<meta content="0;/.well-known/sgcaptcha/?r=1">'), ""),
    "block by host": ("isp_block", 200, {}, page("a", "b"), "http://internetpositif.id/"),
    "block by ministry's host": ("isp_block", 200, {}, page("a", "b"), "https://trustpositif.komdigi.go.id/"),
    "block by host of complaints": ("isp_block", 200, {}, "x", "https://lamanlabuh.aduankonten.id/"),
    "internet positif": ("isp_block", 200, {}, page("Internet Positif", "<p>Maaf, ada yang salah.</p>"), ""),
    "internet positif on 403": ("isp_block", 403, {}, page("Internet-Positif", "<p>Maaf.</p>"), ""),
    "trustpositif in the text": ("isp_block", 200, {}, page("Info", "<p>Daftar TrustPositif</p>" + SCRIPT), ""),
    "site you opened": ("isp_block", 200, {}, page("Info", "<p>Situs yang Anda tuju termasuk terlarang.</p>"), ""),
    "site you want": ("isp_block", 200, {}, page("!", "Halaman yang ingin kamu buka mengandung unsur judi."), ""),
    "access closed": ("isp_block", 200, {}, page("!", "Akses ke situs ini telah ditutup oleh penyedia."), ""),
    "closed by rule": ("isp_block", 200, {}, page("!", "Situs ini diblokir sesuai peraturan Komdigi."), ""),
    "closed in English": (
        "isp_block", 451, {}, page("!", "Access to this website is blocked under Indonesian regulation."), "",
    ),
    "for sale": ("parked", 200, {}, page("kabar.example", "<p>The domain kabar.example is for sale.</p>"), ""),
    "for sale in Indonesian": ("parked", 200, {}, page("kabar", "<p>Domain kabar.example ini dijual</p>"), ""),
    "expired": ("parked", 200, {}, page("kabar", "<p>Domain kabar.example telah kedaluwarsa</p>"), ""),
    "parked by script": ("parked", 200, {}, page("kabar", '<script src="//img.sedoparking.com/x.js"></script>'), ""),
    "suspended": ("parked", 200, {}, page("Account Suspended", "<p>This account has been suspended.</p>"), ""),
    "suspended in Indonesian": ("parked", 200, {}, page("Hosting", "<p>Akun ini telah ditangguhkan</p>"), ""),
    "nothing installed": ("parked", 200, {}, page("Welcome to nginx!", "<p>It works.</p>"), ""),
    "wordpress login": ("login", 200, {}, page("Masuk", "<form></form>"), "https://kabar.example/wp-login.php"),
    "blogger login": ("login", 200, {}, page("Blogger", "a"), "https://www.blogger.com/blogin.g"),
    "hotspot login": ("login", 200, {}, page("Wifi", "<form><input type='password' name=p></form>"), ""),
    "member login": ("login", 200, {}, page("Anggota", "a"), "https://kabar.example/user/login"),
    "soft 404": ("soft_404", 200, {}, page("404 - kabar", "<p>Kembali ke beranda</p>"), ""),
    "soft 404 in Indonesian": ("soft_404", 200, {}, page("kabar", "<p>Halaman yang Anda cari tidak ditemukan</p>"), ""),
    "blog is gone": ("soft_404", 200, {}, page("Blog not found", "<p>Sorry</p>"), ""),
}  # fmt: skip
ARTICLE = "<p>" + "Warga memblokir jalan desa karena situs yang Anda tuju terlarang, kata Komdigi. " * 30 + "</p>"
CLEAN = {
    "an article about blocks": page("Komdigi blokir situs", ARTICLE),
    "a feed": '<?xml version="1.0"?><rss version="2.0"><channel><title>Internet Positif</title></channel></rss>',
    "a feed with pages in it": "<rss><channel><item><title>&lt;html>Just a moment</title></item></channel></rss>",
    "an atom feed": "<feed xmlns='http://www.w3.org/2005/Atom'><title>404</title></feed>",
    "a script of cloudflare in an ordinary page": page("Kabar", "<p>Desa</p>", HARMLESS),
    "a short note": page("Pengumuman", "<p>Kantor desa tutup pada hari Jumat.</p>"),
    "nothing": "",
    "a picture": "\x89PNG",
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_each_wall_has_its_word(name: str) -> None:
    word, status, headers, html, final = PAGES[name]
    assert walls.look(status, headers, html.encode(), URL, final or URL).word == FetchOutcome(word)


@pytest.mark.parametrize("name", CLEAN)
def test_what_only_talks_of_walls_is_none(name: str) -> None:
    assert walls.look(200, {}, CLEAN[name].encode(), URL, URL).word is None


def test_an_error_is_not_called_parked_or_gone() -> None:
    for name in ("for sale", "suspended", "soft 404", "hotspot login"):
        assert walls.look(500, {}, PAGES[name][3].encode(), URL, URL).word is None


def test_no_page_of_the_collections_is_taken_for_a_wall() -> None:
    """R17: no false alarm on 200 real pages, where they are at hand; our own fixtures are always."""
    known = {"challenge.html", "soft-404.html", "parked.html", "blocked.html"}
    folders = (ROOT / "sites", ROOT.parent.parent / "shared" / "gold")
    pages = [p for folder in folders for p in folder.rglob("*.html*") if p.name not in known]
    wrong = []
    for path in pages:
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found = walls.look(200, {}, body, "https://a.example/x", "https://a.example/x")
        wrong += [(path.name, found.word)] if found.word else []
    assert wrong == []
    assert len(pages) >= 30


def test_a_block_page_is_the_same_under_any_name() -> None:
    texts = [page("Info", f"<p>{host} tidak bisa dibuka. Kode {n}</p>") for n, host in enumerate(("a.id", "www.b.co"))]
    first, second = (walls.look(200, {}, text.encode(), URL, URL).digest for text in texts)
    assert first == second is not None
    assert walls.look(200, {}, page("Info", "<p>lain</p>").encode(), URL, URL).digest != first
    assert walls.look(200, {}, page("Kabar", ARTICLE).encode(), URL, URL).digest is None


def test_three_sites_within_an_hour_are_our_provider() -> None:
    clock = FakeClock(auto=False)
    isp = Isp(clock)
    assert [isp.shows(b"a", site) for site in ("a.id", "a.id", "b.id")] == [False] * 3
    assert not isp.shows(b"b", "c.id")
    assert isp.shows(b"a", "c.id")
    clock.advance(3600)
    assert not isp.shows(b"a", "c.id")
    assert isp.alarm()
    assert not isp.alarm()
    for number in range(5000):
        isp.shows(b"%d" % number, "a.id")
        isp.shows(b"one", f"{number}.id")
    assert len(isp._seen) <= 1000
    assert len(isp._seen[b"one"]) <= 50


# --- through the door -------------------------------------------------------------------------------------------------


async def ask(raw: object, kind: Kind = Kind.FEED, path: str = "/feed") -> object:
    async with Hostile({path: raw}) as server, door() as fetcher:  # type: ignore[dict-item]
        return await fetcher.fetch(Request(server.url(path), kind))


@pytest.mark.parametrize("kind", [Kind.FEED, Kind.PAGE])
async def test_a_challenge_is_told_on_any_status_and_its_body_is_dropped(kind: Kind) -> None:
    html = PAGES["cloudflare body"][3].encode()
    for status in (200, 401, 403, 404, 500, 503):
        fetched = await ask(reply(status, html, "Content-Type: text/html"), kind)
        assert (fetched.outcome, fetched.status, fetched.body) == (FetchOutcome.CHALLENGE, status, b"")
    zipped = reply(503, gzip.compress(html), "Content-Encoding: gzip")
    assert (await ask(zipped, kind)).outcome is FetchOutcome.CHALLENGE
    limited = await ask(reply(429, html), kind)
    assert limited.outcome is FetchOutcome.RATE_LIMITED
    assert limited.retry_after == limited.at + timedelta(seconds=30)


@pytest.mark.parametrize(
    "raw",
    [
        reply(503, b"x" * 10**6),
        reply(503, gzip.compress(bytes(10**8), 1), "Content-Encoding: gzip"),
        reply(503, b"no gzip", "Content-Encoding: gzip"),
        reply(503, b"x", "Content-Encoding: br"),
        reply(503, b"short", length=99),
        drip(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"x" * 65535 + b"\r\n", every=0),
    ],
)
async def test_the_body_of_an_error_changes_nothing_but_its_word(raw: object) -> None:
    fetched = await ask(raw)
    assert (fetched.outcome, fetched.status, fetched.body) == (FetchOutcome.SERVER_ERROR, 503, b"")
    assert fetched.wire_bytes < 600_000


async def test_robots_txt_behind_a_wall_is_no_rule() -> None:
    fetched = await ask(reply(403, PAGES["cloudflare body"][3].encode()), Kind.ROBOTS, "/robots.txt")
    assert fetched.outcome is FetchOutcome.REFUSED


# --- the whole path ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, (_, status, *_) in PAGES.items() if status == 200])
async def test_r17_a_wall_in_place_of_a_feed_changes_nothing(
    world: World, shell: Shell, clock: FakeClock, name: str
) -> None:
    word, status, headers, html, final = PAGES[name]
    if final:
        return  # needs another host: see the redirect below
    blog = world.portal("Dinding", posts=1)
    await add_feed(shell, blog)
    await visit_due(shell)
    query = "SELECT etag, last_modified, body_sha256, last_full_at, answered_url FROM feeds"
    before = await rows(shell, query)
    blog.publish()
    sent = (*headers.items(), ("ETag", '"dinding"'))
    blog.fail(blog.feed_path, status=status, body=html.encode(), headers=sent)
    clock.advance(3600)
    await visit_due(shell)
    assert await rows(shell, "SELECT last_outcome FROM feeds") == [(word,)]
    assert await rows(shell, query) == before
    assert await rows(shell, "SELECT failures FROM feeds") == [(0 if word == "isp_block" else 1,)]
    assert await rows(shell, "SELECT count(*) FROM entries") == [(1,)]


@pytest.mark.parametrize("name", ["cloudflare body", "internet positif", "expired", "hotspot login", "soft 404"])
async def test_a_wall_in_place_of_a_page_is_never_an_article(world: World, shell: Shell, name: str) -> None:
    word, status, _, html, _ = PAGES[name]
    blog = world.portal("Halaman", posts=1)
    blog.fail(blog.posts[0].path, status=status, body=html.encode())
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await rows(shell, "SELECT state, reason, attempts FROM entries") == [
        ("pending", word, 0 if word == "isp_block" else 1)
    ]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(0,)]


async def test_r17_one_page_on_many_sites_is_our_provider_and_is_told_once(
    world: World, shell: Shell, clock: FakeClock
) -> None:
    blogs = [world.portal(f"Blog {n}", posts=1) for n in range(6)]
    for blog in blogs:
        await add_feed(shell, blog)
        blog.fail("*", body=page("Info", "<p>Layanan tidak tersedia</p>").encode())
    with capture_logs() as logs:
        await visit_due(shell)
    outcomes = [word for (word,) in await rows(shell, "SELECT last_outcome FROM feeds ORDER BY last_polled_at")]
    assert outcomes == ["html"] * 2 + ["isp_block"] * 4
    assert await rows(shell, "SELECT count(*) FROM feeds WHERE failures > 0") == [(2,)]
    assert [line["log_level"] for line in logs if line["event"] == "isp_block"] == ["error"]


async def test_r18_dns_that_leads_to_the_ministry_costs_no_feed_anything(engine: AsyncEngine, clock: FakeClock) -> None:
    hosts = [f"situs{n}.example" for n in range(5)]
    names = Names(otherwise=("203.0.113.7",), aliases=dict.fromkeys(hosts, "trustpositif.komdigi.go.id"))
    async with shell_on(engine, Settings(), clock) as shell:
        shell.fetcher = door(Settings(), clock, resolver=names)
        for host in hosts:
            await add_feed(shell, f"https://{host}/feed")
        with capture_logs() as logs:
            await visit_due(shell)
        assert await rows(shell, "SELECT DISTINCT last_outcome, failures, state FROM feeds") == [
            ("isp_block", 0, "active")
        ]
        assert len([line for line in logs if line["event"] == "isp_block"]) == 1


async def test_r19_a_page_that_says_it_is_not_there_is_given_up(world: World, shell: Shell, clock: FakeClock) -> None:
    blog = world.portal("Hilang", posts=8)
    for post in blog.posts:
        blog.fail(post.path, body=PAGES["soft 404 in Indonesian"][3].encode())
    await add_feed(shell, blog)
    await visit_due(shell)
    await run(shell, "UPDATE entries SET next_try_at = :now WHERE state = 'pending'", now=clock.now())
    await run(shell, "UPDATE hosts SET due_at = :now", now=clock.now())
    await visit_due(shell)
    assert await rows(shell, "SELECT DISTINCT state, reason FROM entries") == [("rejected", "soft_404")]
    assert await rows(shell, "SELECT count(*) FROM articles") == [(0,)]


async def test_a_redirect_to_a_block_page_is_not_remembered(world: World, shell: Shell, clock: FakeClock) -> None:
    blog, wall = world.portal("Asal", posts=1), world.portal("Tembok", posts=0)
    await add_feed(shell, blog)
    await visit_due(shell)
    wall.fail("*", body=PAGES["internet positif"][3].encode())
    blog.fail(blog.feed_path, status=301, redirect=wall.base_url + "/")
    clock.advance(3600)
    await visit_due(shell)
    assert await rows(shell, "SELECT last_outcome, url, answered_url, move_to FROM feeds") == [
        ("isp_block", blog.feed_url, None, None)
    ]


def test_names_are_read_as_block_hosts_only_when_they_are() -> None:
    assert walls.is_block_host("TrustPositif.kominfo.go.id.")
    assert not walls.is_block_host("kabar-internetpositif.example")
    assert not walls.is_block_host("komdigi.go.id")
    assert redirect("http://internetpositif.id/").startswith(b"HTTP/1.1 302")
