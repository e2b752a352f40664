"""Web pages into articles: as a site's robots.txt allows, within limits, and only what has changed since the last time."""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from bs4 import BeautifulSoup
from protego import Protego

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import LONGEST_ID, Article, Reading
from tongshi.knowledge.documents import READERS, Broken, Document, html_document, unreadable
from tongshi.knowledge.importing import Reader, place_of
from tongshi.language.encodings import decoded
from tongshi.language.identify import LanguageIdentifier
from tongshi.storage.models import WebPage

AGENT = "tongshi"
"""Name by which robots.txt knows us."""

_KINDS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_TEXTS = (".html", ".txt", ".md")
_XML = ("application/xml", "text/xml")
_PACKED = ("application/gzip", "application/x-gzip")
_UNTOLD = ("", "application/octet-stream", "binary/octet-stream")
_PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", *READERS)
_MARK = 6
_MOST_OF_ROBOTS = 512_000
"""Bytes of a robots.txt that are heard; RFC 9309 wants 500 KiB at the least."""


@dataclass(frozen=True)
class Limits:
    """What fetching keeps to.

    Attributes:
        seconds: that a page may take as a whole, once its site lets it be asked for.
        silence: seconds that a server may say nothing.
        size: bytes of a page, and of a sitemap once it is unpacked.
        redirects: that are followed for a page.
        at_once: pages that are fetched side by side.
        addresses: that one import may name, with those of its sitemaps.
        batch: pages after which what was read is handed on.
        delay: seconds between two pages of a site at the most, whatever its robots.txt asks for.
    """

    seconds: float = 30.0
    silence: float = 10.0
    size: int = 20_000_000
    redirects: int = 5
    at_once: int = 4
    addresses: int = 50_000
    batch: int = 100
    delay: float = 60.0


@dataclass
class Batch:
    """What came of some addresses.

    Attributes:
        reading: articles, and for each address that could not be read its reason.
        pages: what servers said of the pages that were read, but for the collection.
        same: how many pages have not changed.
        done, total: addresses that are done so far, and that are known.
    """

    reading: Reading = field(default_factory=Reading)
    pages: list[WebPage] = field(default_factory=list)
    same: int = 0
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class _Answer:
    """A page as it was fetched: from where in the end, what it holds, and what its server says of it; no data where it is the same."""

    url: str
    data: bytes | None
    kind: str = ""
    charset: str | None = None
    etag: str = ""
    last_modified: str = ""


class _Site:
    """One server: its robots.txt, and when it may be asked next."""

    def __init__(self, origin: str, http: httpx.Client, limits: Limits) -> None:
        self._origin = origin
        self._http = http
        self._limits = limits
        self._lock = threading.Lock()
        self._robots: Protego | None = None
        self._closed = ""
        self._next = 0.0

    def enter(self, url: str) -> None:
        """Wait until a page may be fetched.

        Raises:
            Broken: it may not.
        """
        with self._lock:
            if self._robots is None and not self._closed:
                self._read_robots()
            if self._closed:
                raise Broken(self._closed)
            if not self._robots.can_fetch(url, AGENT):
                raise Broken("is closed to robots by the site's robots.txt")
            delay = min(self._robots.crawl_delay(AGENT) or 0.0, self._limits.delay)
            now = time.monotonic()
            wait = max(0.0, self._next - now)
            self._next = now + wait + delay
        time.sleep(wait)

    def _read_robots(self) -> None:
        """RFC 9309: without a robots.txt all is open; where it cannot be had from its server, nothing is."""
        began = time.monotonic()
        try:
            with self._http.stream("GET", f"{self._origin}/robots.txt", follow_redirects=True) as response:
                if response.status_code >= 500:
                    self._closed = (
                        f"the site's robots.txt cannot be read (status {response.status_code}), so nothing of it may be"
                    )
                data = _body(response, _MOST_OF_ROBOTS, began, self._limits) if response.is_success else b""
        except httpx.HTTPError as error:
            self._closed = f"cannot be reached: {error or type(error).__name__}"
        except Broken as error:
            self._closed = f"the site's robots.txt {error}"
        else:
            self._robots = Protego.parse(_whole_lines(data).decode("utf-8-sig", "replace"))


class WebReader:
    """Reads pages, and the pages that sitemaps name.

    Args:
        kept: what is known of pages that were read before, by URL; such a page is fetched only if it has changed.
        taken: sources of the articles that are there, by id and language; a page of another source gets another id.
        identify: tells the language where an address does not; this process's identifier by default.
    """

    def __init__(
        self,
        kept: Mapping[str, WebPage] = {},
        taken: Mapping[tuple[str, str], str] = {},
        identify: LanguageIdentifier | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._kept = kept
        self._taken = dict(taken)
        self._identify = identify
        self._limits = limits
        self._http = httpx.Client(
            headers={"User-Agent": f"{AGENT} (knowledge import)"},
            timeout=httpx.Timeout(limits.silence),
            max_redirects=limits.redirects,
        )
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    def batches(self, addresses: Iterable[str]) -> Iterator[Batch]:
        """Read pages, a hundred at a time, so that they can be kept before the next are fetched.

        Args:
            addresses: of pages, and of sitemaps or indexes of sitemaps, packed or not; the pages that these name are read too.
        """
        queue = deque(dict.fromkeys(addresses))
        known, done = set(queue), 0
        with ThreadPoolExecutor(self._limits.at_once) as pool:
            while queue:
                urls = [queue.popleft() for _ in range(min(len(queue), self._limits.batch))]
                batch = Batch()
                for url, answer in zip(urls, pool.map(self._fetched, urls)):
                    new = [found for found in dict.fromkeys(self._take(url, answer, batch)) if found not in known]
                    room = max(0, self._limits.addresses - len(known))
                    known.update(new[:room])
                    queue += new[:room]
                    if beyond := len(new[room:]):
                        reason = f"left out, since an import takes {self._limits.addresses} addresses: {beyond} that it names"
                        batch.reading.failures.append((url, reason))
                done += len(urls)
                batch.done, batch.total = done, len(known)
                yield batch

    def _fetched(self, url: str) -> _Answer | Broken:
        try:
            return self._fetch(url)
        except Broken as error:
            return error
        except Exception as error:  # an address or a server that is broken makes the client raise nearly anything
            return Broken(f"cannot be fetched: {str(error) or type(error).__name__}")

    def _fetch(self, url: str) -> _Answer:
        """Fetch a page, following redirects; each of its addresses is asked of its site's robots.txt.

        Raises:
            Broken: it cannot or may not be fetched; the message is the reason.
        """
        headers = self._conditions(url)
        for _ in range(self._limits.redirects + 1):
            self._site(url).enter(url)
            began = time.monotonic()
            with self._http.stream("GET", url, headers=headers) as response:
                if response.is_redirect and "location" in response.headers:
                    url = urljoin(url, response.headers["location"])
                    continue
                if response.status_code == httpx.codes.NOT_MODIFIED:
                    return _Answer(url, None)
                if not response.is_success:
                    raise Broken(f"the server answers {response.status_code} {response.reason_phrase}".rstrip())
                return self._answer(url, response, began)
        raise Broken(f"is redirected more than {self._limits.redirects} times")

    def _conditions(self, url: str) -> dict[str, str]:
        page = self._kept.get(url)
        named = {"If-None-Match": page.etag, "If-Modified-Since": page.last_modified} if page else {}
        return {name: value for name, value in named.items() if value}

    def _site(self, url: str) -> _Site:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Broken("is no address of a web page; it must begin with http:// or https://")
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        with self._lock:
            return self._sites.setdefault(origin, _Site(origin, self._http, self._limits))

    def _answer(self, url: str, response: httpx.Response, began: float) -> _Answer:
        data = _body(response, self._limits.size, began, self._limits)
        if len(data) > self._limits.size:
            raise Broken(f"is larger than {self._limits.size // 1_000_000} MB")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        told = (response.headers.get("etag", ""), response.headers.get("last-modified", ""))
        return _Answer(url, data, kind, response.charset_encoding, *told)

    def _take(self, url: str, answer: _Answer | Broken, batch: Batch) -> list[str]:
        """Put what came of an address into a batch; gives the addresses that it names if it is a sitemap."""
        try:
            if isinstance(answer, Broken):
                raise answer
            if answer.data is None:
                batch.same += 1
                return []
            if _is_sitemap(answer):
                named, left_out = self._named(answer)
                if left_out:
                    reason = f"left out, since they are of other sites: {left_out} addresses that it names"
                    batch.reading.failures.append((url, reason))
                return named
            article = self._article(answer)
        except Broken as error:
            batch.reading.failures.append((url, str(error)))
            return []
        except TongshiError:
            raise
        except Exception as error:  # whatever is wrong with one page, the others are read
            batch.reading.failures.append((url, unreadable(error)))
            return []
        batch.reading.articles.append(article)
        batch.pages.append(
            WebPage(
                url=url,
                article_id=article.article_id,
                language=article.language,
                etag=answer.etag,
                last_modified=answer.last_modified,
            )
        )
        return []

    def _named(self, answer: _Answer) -> tuple[list[str], int]:
        """The addresses of a sitemap, and how many it names that are not of its own site, which it may not.

        Raises:
            Broken: it is no sitemap.
        """
        soup = BeautifulSoup(_unpacked(answer.data, self._limits.size), "xml")
        if soup.find(("urlset", "sitemapindex")) is None:
            raise Broken("is XML, but no sitemap")
        named = [found.get_text().strip() for found in soup.find_all("loc") if found.parent.name in ("url", "sitemap")]
        own = [url for url in named if _host(url) == _host(answer.url)]
        return own, len(named) - len(own)

    def _article(self, answer: _Answer) -> Article:
        suffix = _KINDS.get(answer.kind)
        if answer.kind in _UNTOLD:
            suffix = PurePosixPath(urlsplit(answer.url).path).suffix.lower()
        if suffix not in READERS:
            raise Broken(f"is {answer.kind or 'of no known kind'}, which cannot be read")
        reader = Reader(self._identify)
        reader.take_document(self._document(answer, suffix), place_of(_path(answer.url), answer.url))
        (article,) = reader.articles
        if self._taken.setdefault(article.key, answer.url) != answer.url:
            mark = hashlib.sha256(answer.url.encode()).hexdigest()[:_MARK]
            article = replace(article, article_id=f"{article.article_id[: LONGEST_ID - _MARK - 1]}-{mark}")
        return article

    @staticmethod
    def _document(answer: _Answer, suffix: str) -> Document:
        if answer.charset is None or suffix not in _TEXTS:
            return READERS[suffix](answer.data)
        try:
            text = decoded(answer.data, answer.charset)
        except (LookupError, UnicodeError):
            return READERS[suffix](answer.data)
        return html_document(text) if suffix == ".html" else READERS[suffix](text.encode())


def _body(response: httpx.Response, most: int, began: float, limits: Limits) -> bytes:
    """What a server answers; it is left off soon after `most` bytes.

    Args:
        began: moment at which it was asked.

    Raises:
        Broken: it was not there in time.
    """
    data = bytearray()
    for piece in response.iter_bytes():
        data += piece
        if len(data) > most:
            break
        if time.monotonic() > began + limits.seconds:
            raise Broken(f"was not there after {limits.seconds:g} seconds")
    return bytes(data)


def _whole_lines(robots: bytes) -> bytes:
    """A robots.txt as far as it is heard; half a rule might allow what the whole one forbids."""
    return robots if len(robots) <= _MOST_OF_ROBOTS else robots[:_MOST_OF_ROBOTS].rpartition(b"\n")[0]


def _is_sitemap(answer: _Answer) -> bool:
    named = urlsplit(answer.url).path.lower().endswith((".xml", ".xml.gz"))
    return answer.kind in _XML or (named and answer.kind in (*_PACKED, *_UNTOLD, "text/plain"))


def _unpacked(data: bytes, most: int) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(data, most)
    except zlib.error as error:
        raise Broken(f"cannot be unpacked: {error}") from error
    if unpacker.unconsumed_tail:
        raise Broken(f"is larger than {most // 1_000_000} MB once it is unpacked")
    return found


def _host(url: str) -> str:
    """The host of an address, with its port, "" where it has none; the case of letters does not count in it (RFC 3986)."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _path(url: str) -> PurePosixPath:
    """A path as files have it, for id and language: `/de/help/returns?p=2` is `de/help/returns-p-2.html`."""
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/") or "index"
    path = path if PurePosixPath(path).suffix.lower() in _PAGE_SUFFIXES else f"{path}.html"
    name = PurePosixPath(path)
    return name.with_name(f"{name.stem}-{unquote(parts.query).replace('/', '-')}{name.suffix}") if parts.query else name


def listed(path: Path) -> list[str]:
    """The addresses of a file, one a line; blank lines and those that begin with `#` are passed over.

    Raises:
        TongshiError: the file cannot be read or names none.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TongshiError(f"{path} cannot be read: {error}") from error
    found = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise TongshiError(f"{path} names no address; wanted is one a line.")
    return found


def is_address(text: str) -> bool:
    """Whether something that was named to be imported is on the web."""
    return text.lower().startswith(("http://", "https://"))
