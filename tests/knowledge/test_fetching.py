"""Web pages from a server of our own: robots, sitemaps, limits, and only what has changed."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.knowledge.test_importing import CHINESE, identify, pdf_bytes
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.knowledge.fetching import Batch, Limits, WebReader, listed

QUICK = Limits(seconds=1.0, silence=0.6, size=100_000)


@dataclass
class Page:
    """What the server answers at a path."""

    body: bytes | str = ""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    drip: bool = False


class Server:
    """A web server on loopback.

    Attributes:
        pages: by path, with the query.
        asked: how often each path was asked for, and when.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: Counter[str] = Counter()
        self.times: list[float] = []
        self.agents: set[str] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked[request.path] += 1
        self.agents.add(request.headers["User-Agent"])
        if request.path != "/robots.txt":
            self.times.append(time.monotonic())
        page = self.pages.get(request.path, Page("gone", 404))
        time.sleep(page.pause)
        same = page.headers.get("ETag") and request.headers.get("If-None-Match") == page.headers["ETag"]
        body = page.body.encode() if isinstance(page.body, str) else page.body
        try:
            request.send_response(304 if same else page.status)
            for name, value in {"Content-Type": page.kind, **page.headers}.items():
                if value:
                    request.send_header(name, value)
            request.end_headers()
            for start in range(0, 0 if same else len(body), 1 if page.drip else 1 << 16):
                request.wfile.write(body[start : start + (1 if page.drip else 1 << 16)])
                time.sleep(0.1 if page.drip else 0)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def fetch(server: Server, *paths: str, limits: Limits = QUICK, **options) -> Batch:
    """All that comes of some paths."""
    addresses = [path if "://" in path else server.address + path for path in paths]
    whole = Batch()
    for batch in WebReader(identify=identify, limits=limits, **options).batches(addresses):
        whole.reading.articles += batch.reading.articles
        whole.reading.failures += [(url.removeprefix(server.address), reason) for url, reason in batch.reading.failures]
        whole.pages += batch.pages
        whole.same += batch.same
        whole.done, whole.total = batch.done, batch.total
    return whole


def sitemap(server: Server, *paths: str, kind: str = "url") -> str:
    root = {"url": "urlset", "sitemap": "sitemapindex"}[kind]
    named = "".join(f"<{kind}><loc> {path if '://' in path else server.address + path} </loc></{kind}>" for path in paths)
    return f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{named}</{root}>'


def test_a_page_becomes_an_article(server):
    server.pages["/help/Returns.html"] = Page("<title>Shop</title><h1>Returns</h1><p>Within 30 days.</p>")
    (article,) = fetch(server, "/help/Returns.html").reading.articles
    source = f"{server.address}/help/Returns.html"
    assert article == Article("help/returns", "en", "Returns", "# Returns\n\nWithin 30 days.", source=source)
    assert server.agents == {"tongshi (knowledge import)"}


def test_encodings_and_kinds_are_told_by_the_server(server):
    server.pages["/zh/a"] = Page(CHINESE.encode("gb18030"), kind="text/html; charset=gb18030")
    server.pages["/b"] = Page(pdf_bytes(["Orders are sent at once."]), kind="application/pdf")
    server.pages["/c.pdf"] = Page(pdf_bytes(["Later ones wait."]), kind="application/octet-stream")
    server.pages["/d"] = Page(b"\x89PNG", kind="image/png")
    server.pages["/e"] = Page("<p>It’s 5 €</p>".encode("cp1252"), kind="text/html; charset=ISO-8859-1")
    server.pages["/f"] = Page(CHINESE.encode("gb18030"), kind="text/plain; charset=gb2312")
    server.pages["/g"] = Page(f"<meta charset=gb2312><p>{CHINESE}</p>".encode("gb18030"), kind="text/html; charset=utf-8")
    found = fetch(server, "/zh/a", "/b", "/c.pdf", "/d", "/e", "/f", "/g").reading
    named = [("a", "zh"), ("b", "en"), ("c", "en"), ("e", "en"), ("f", "zh"), ("g", "zh")]
    assert [(one.article_id, one.language) for one in found.articles] == named
    assert [one.text for one in found.articles if one.article_id not in "bc"] == [CHINESE, "It’s 5 €", CHINESE, CHINESE]
    assert found.failures == [("/d", "is image/png, which cannot be read")]


def test_a_sitemap_and_an_index_of_packed_ones_name_the_pages(server):
    server.pages["/index.xml"] = Page(sitemap(server, "/a.xml.gz", "/b.xml", kind="sitemap"), kind="application/xml")
    packed = gzip.compress(sitemap(server, "/one", "/two").encode())
    server.pages["/a.xml.gz"] = Page(packed, kind="application/x-gzip")
    server.pages["/b.xml"] = Page(sitemap(server, "/two", "/three", "http://elsewhere.example/x"), kind="text/xml")
    for name in ("one", "two", "three"):
        server.pages[f"/{name}"] = Page(f"<p>This is {name}.</p>")
    found = fetch(server, "/index.xml", limits=Limits(batch=2))
    assert [one.article_id for one in found.reading.articles] == ["one", "two", "three"]
    left_out = [("/b.xml", "left out, since they are of other sites: 1 addresses that it names")]
    assert (found.reading.failures, found.done, found.total) == (left_out, 6, 6)
    assert server.asked["/two"] == server.asked["/robots.txt"] == 1


def test_hosts_are_the_same_in_any_case(server):
    server.address = server.address.replace("127.0.0.1", "localhost")
    server.pages["/sitemap.xml"] = Page(
        sitemap(server, f"{server.address.replace('localhost', 'LocalHost')}/one"), kind="text/xml"
    )
    server.pages["/one"] = Page("<p>This is one.</p>")
    found = fetch(server, "/sitemap.xml")
    assert ([one.article_id for one in found.reading.articles], found.reading.failures) == (["one"], [])
    assert server.asked["/robots.txt"] == 1


def test_addresses_beyond_the_limit_are_told(server):
    server.pages["/sitemap.xml"] = Page(sitemap(server, *(f"/{number}" for number in range(5))), kind="text/xml")
    for number in range(5):
        server.pages[f"/{number}"] = Page("<p>Text.</p>")
    found = fetch(server, "/sitemap.xml", limits=Limits(addresses=3))
    assert [one.article_id for one in found.reading.articles] == ["0", "1"]
    assert found.reading.failures == [("/sitemap.xml", "left out, since an import takes 3 addresses: 3 that it names")]


def test_robots_are_respected(server):
    server.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /private\nCrawl-delay: 0.2\n", kind="text/plain")
    server.pages["/start"] = Page(status=302, headers={"Location": "/private/b"})
    for name in ("/private/a", "/private/b", "/one", "/two"):
        server.pages[name] = Page("<p>Text.</p>")
    found = fetch(server, "/private/a", "/start", "/one", "/two").reading
    assert [one.article_id for one in found.articles] == ["one", "two"]
    closed = "is closed to robots by the site's robots.txt"
    assert found.failures == [("/private/a", closed), ("/start", closed)]
    assert server.asked["/private/a"] == server.asked["/private/b"] == 0
    first, *_, last = sorted(server.times)
    assert last - first >= 0.39


def test_robots_may_begin_with_a_byte_order_mark(server):
    server.pages["/robots.txt"] = Page("\ufeffUser-agent: *\nDisallow: /private\n", kind="text/plain")
    server.pages["/private"] = Page("<p>Text.</p>")
    assert fetch(server, "/private").reading.failures == [("/private", "is closed to robots by the site's robots.txt")]


def test_waiting_for_a_turn_is_no_time_that_a_page_takes(server):
    server.pages["/robots.txt"] = Page("User-agent: *\nCrawl-delay: 0.5\n", kind="text/plain")
    for number in range(4):
        server.pages[f"/{number}"] = Page("<p>Text.</p>")
    found = fetch(server, "/0", "/1", "/2", "/3").reading
    assert (len(found.articles), found.failures) == (4, [])


def test_of_robots_without_an_end_the_beginning_counts(server):
    rules, filler = "User-agent: *\nDisallow: /private\n", "# nothing\n" * 60_000
    server.pages["/robots.txt"] = Page(f"{rules}{filler}Disallow: /late\n", kind="text/plain")
    server.pages["/private"] = server.pages["/late"] = Page("<p>Text.</p>")
    found = fetch(server, "/private", "/late").reading
    assert [one.article_id for one in found.articles] == ["late"]
    assert found.failures == [("/private", "is closed to robots by the site's robots.txt")]


def test_a_site_whose_robots_take_too_long_is_closed(server):
    server.pages["/robots.txt"] = Page("User-agent: *\nAllow: /\n", kind="text/plain", drip=True)
    ((_, reason),) = fetch(server, "/one").reading.failures
    assert reason == "the site's robots.txt was not there after 1 seconds"
    assert server.asked["/one"] == 0


def test_a_site_whose_robots_cannot_be_had_is_closed(server):
    server.pages["/robots.txt"] = Page(status=503)
    server.pages["/one"] = Page("<p>Text.</p>")
    ((_, reason),) = fetch(server, "/one").reading.failures
    assert "robots.txt cannot be read (status 503)" in reason
    assert server.asked["/one"] == 0


def test_each_address_that_fails_is_told_and_the_rest_is_read(server):
    server.pages |= {
        "/gone": Page(status=410),
        "/slow": Page("<p>Late.</p>", pause=1.0),
        "/drip": Page("<p>A text that takes its time.</p>", drip=True),
        "/large": Page("x" * 200_000),
        "/loop": Page(status=301, headers={"Location": "/loop"}),
        "/out": Page(status=302, headers={"Location": "ftp://127.0.0.1/x"}),
        "/empty": Page("<script>x()</script>"),
        "/deep": Page("<div>" * 2000 + "Text."),
        "/feed.xml": Page("<rss></rss>", kind="application/xml"),
        "/bomb.xml.gz": Page(gzip.compress(b"0" * 1_000_000), kind="application/gzip"),
        "/fine": Page("<p>Text.</p>"),
    }
    found = fetch(server, *server.pages, "ftp://example.org/x", "http://127.0.0.1:1/x").reading
    assert [one.article_id for one in found.articles] == ["fine"]
    reasons = dict(found.failures)
    for path, reason in {
        "/gone": "the server answers 410 Gone",
        "/slow": "cannot be fetched: timed out",
        "/drip": "was not there after 1 seconds",
        "/large": "is larger than 0 MB",
        "/loop": "is redirected more than 5 times",
        "/out": "must begin with http:// or https://",
        "/empty": "holds no text",
        "/deep": "cannot be read: ",
        "/feed.xml": "is XML, but no sitemap",
        "/bomb.xml.gz": "once it is unpacked",
        "ftp://example.org/x": "must begin with http",
        "http://127.0.0.1:1/x": "cannot be reached",
    }.items():
        assert reason in reasons.pop(path), path
    assert reasons == {}


def test_what_has_not_changed_is_not_fetched_again(server):
    server.pages["/one"] = Page("<p>First.</p>", headers={"ETag": '"1"'})
    server.pages["/two"] = Page("<p>Second.</p>")
    first = fetch(server, "/one", "/two")
    kept = {page.url: page for page in first.pages}
    again = fetch(server, "/one", "/two", kept=kept)
    assert (again.same, [one.article_id for one in again.reading.articles]) == (1, ["two"])
    server.pages["/one"] = Page("<p>Third.</p>", headers={"ETag": '"2"'})
    assert [one.text for one in fetch(server, "/one", kept=kept).reading.articles] == ["Third."]


def test_pages_of_one_name_have_ids_of_their_own_that_stay(server):
    for path in ("/a", "/a/", "/a?p=2", "/de/a"):
        server.pages[path] = Page(f"<p>Text of {path}.</p>")
    first = fetch(server, *server.pages).reading.articles
    assert [(one.article_id, one.language) for one in first] == [
        ("a", "en"),
        (first[1].article_id, "en"),
        ("a-p-2", "en"),
        ("a", "de"),
    ]
    assert first[1].article_id.startswith("a-")
    taken = {one.key: one.source for one in first}
    again = fetch(server, "/a/", "/a", taken=taken).reading.articles
    assert [one.article_id for one in again] == [first[1].article_id, "a"]


def test_a_list_of_addresses(tmp_path):
    path = tmp_path / "pages.urls"
    path.write_text("# ours\nhttps://a.example/x\n\n https://a.example/y \n", "utf-8")
    assert listed(path) == ["https://a.example/x", "https://a.example/y"]
    path.write_text("# none\n", "utf-8")
    with pytest.raises(TongshiError, match="names no address"):
        listed(path)
