"""How fast answers come, to one customer and to several at once: ours beside llama.cpp as it comes, in the same run.

Ours is the whole way of an answer that the model writes: prompt, our server, our client, the checks of each sentence. Beside it the same
prompts go to a bare llama.cpp server by a bare HTTP client, and nothing is checked. Search is left out of both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import httpx
from rich.progress import track

from tongshi import weights
from tongshi.errors import TongshiError, Unavailable
from tongshi.evaluation.generation import Given, Item, of_shop, serving
from tongshi.evaluation.running import free_port
from tongshi.evaluation.tables import Report
from tongshi.knowledge.base import Passage
from tongshi.language.identify import get_identifier
from tongshi.llm.answering import Answerer
from tongshi.llm.client import IDLE, ChatClient
from tongshi.llm.prompting import prompt
from tongshi.llm.server import CONTEXT, PARALLEL, installed_adapter
from tongshi.settings import LANGUAGES, ROOT, Settings

CUSTOMERS = (1, 4, 8)
_EACH = 2
_MOST_TOKENS = 160
_DEADLINE = 600.0


@dataclass(frozen=True)
class Timing:
    """One reply.

    Attributes:
        first: seconds to its first piece.
        shown: seconds to the first sentence that a customer may see; with nothing checked, the first piece.
        seconds: to its end.
        text: all that was written.
    """

    first: float
    shown: float
    seconds: float
    text: str


Ask = Callable[[Item], Timing]


def report(settings: Settings, sample: int | None = None) -> Report:
    """One row a language, for a customer alone; and a part with one row for 1, 4 and 8 customers at once.

    Args:
        settings: whose model; `TONGSHI_LLM=llm-0.5b` measures the small one.
        sample: questions a language, and twice as many a number of customers; 2 by default.

    Raises:
        TongshiError: the model is served elsewhere: nothing would be measured of it.
    """
    if settings.llm_url:
        raise TongshiError("TONGSHI_LLM_URL names a server elsewhere; this report measures the one that Tongshi starts.")
    each = sample or _EACH
    items = {language: _answerable(settings, language, each + 1) for language in LANGUAGES}
    crowd = list(islice(chain.from_iterable(zip(*items.values())), max(*CUSTOMERS, 2 * each)))
    found = Report("Serving", "first token s", notes=f"{settings.llm}, {each} questions a language, {os.cpu_count()} cores")
    together = Report("Serving, customers at once", "answers a minute", notes="first token and shown: median seconds")
    measured = {}
    for name, server in {"ours": _ours, "raw": _raw}.items():
        with server(settings) as (ask, count):
            for language in LANGUAGES:
                ask(items[language][-1])  # its orders are in the cache from here on, as they are in the running system
            alone = {
                language: _figures([ask(one) for one in items[language][:each]], count)
                for language in track(LANGUAGES, f"serving ({name})", transient=True)
            }
            crowds = {many: _at_once(ask, crowd[: max(many, 2 * each)], many, count) for many in CUSTOMERS}
            measured[name] = (alone, crowds)
    for language in LANGUAGES:
        found.rows.append({"language": language} | _beside({name: alone[language] for name, (alone, _) in measured.items()}))
    for many in CUSTOMERS:
        together.rows.append({"customers": many} | _beside({name: crowds[many] for name, (_, crowds) in measured.items()}))
    found.parts.append(together)
    return found


def _beside(figures: dict[str, dict[str, float]]) -> dict[str, float]:
    return {f"{figure} {name}": values[figure] for figure in next(iter(figures.values())) for name, values in figures.items()}


def _answerable(settings: Settings, language: str, many: int) -> list[Item]:
    """Questions of the shop with the English article that answers."""
    return [one for one in of_shop(settings) if one.language == language and one.right][:many]


def _at_once(ask: Ask, items: Sequence[Item], many: int, count: Callable[[str], int]) -> dict[str, float]:
    """Figures where so many customers ask at the same time, each again as soon as they are answered."""
    began = time.monotonic()
    with ThreadPoolExecutor(many) as pool:
        timings = list(pool.map(ask, items))
    seconds = time.monotonic() - began
    figures = _figures(timings, count)
    return {**figures, "tokens/s": sum(count(one.text) for one in timings) / seconds, "answers/min": len(timings) / seconds * 60}


def _figures(timings: Sequence[Timing], count: Callable[[str], int]) -> dict[str, float]:
    writing = sum(one.seconds - one.first for one in timings)
    return {
        "first token s": statistics.median(one.first for one in timings),
        "shown s": statistics.median(one.shown for one in timings),
        "tokens/s": sum(count(one.text) for one in timings) / max(writing, 1e-9),
    }


class _Timed:
    """A client that notes when pieces come."""

    def __init__(self, client: ChatClient) -> None:
        self._client = client
        self.first: float | None = None
        self.text = ""

    def stream(self, messages: Sequence[dict[str, str]], **options: Any) -> Iterator[str]:
        for piece in self._client.stream(messages, **options):
            self.first = self.first or time.monotonic()
            self.text += piece
            yield piece


@contextmanager
def _ours(settings: Settings) -> Iterator[tuple[Ask, Callable[[str], int]]]:
    here = replace(settings, llm_port=free_port())
    client = ChatClient(here.llm_address, here.llm)
    identify = get_identifier()

    def ask(item: Item) -> Timing:
        timed = _Timed(client)
        passages = [Passage(str(place), language, "", 1.0, text) for place, (language, text) in enumerate(item.passages)]
        shown: list[float] = []
        began = time.monotonic()
        answerer = Answerer(Given(passages), timed, identify, item.shop, "generate", _DEADLINE)
        answerer.answer(item.question, item.language, on_sentence=lambda _: shown.append(time.monotonic()))
        end = time.monotonic()
        return Timing((timed.first or end) - began, (shown[0] if shown else end) - began, end - began, timed.text)

    with serving(here, installed_adapter(settings), client):
        yield ask, _counter(here.llm_address)


@contextmanager
def _raw(settings: Settings) -> Iterator[tuple[Ask, Callable[[str], int]]]:
    port, threads = free_port(), settings.llm_threads or os.cpu_count() or 2
    sizes = map(str, (port, threads, CONTEXT * PARALLEL, PARALLEL))
    command = [sys.executable, "-m", "tongshi.evaluation.raw_llama", str(weights.path_of(settings.llm, settings)), *sizes]
    address = f"http://127.0.0.1:{port}/v1"
    http = httpx.Client(timeout=_DEADLINE, limits=httpx.Limits(keepalive_expiry=IDLE))

    def ask(item: Item) -> Timing:
        messages = prompt(item.shop, item.language, item.texts, item.question)
        body = {"messages": messages, "max_tokens": _MOST_TOKENS, "temperature": 0, "stream": True}
        first, text, began = None, "", time.monotonic()
        with http.stream("POST", f"{address}/chat/completions", json=body) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if not line.startswith("data: {"):
                    continue
                piece = json.loads(line[6:])["choices"][0]["delta"].get("content")
                first = first or (time.monotonic() if piece else None)
                text += piece or ""
        end = time.monotonic()
        return Timing((first or end) - began, (first or end) - began, end - began, text)

    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client, end = ChatClient(address, settings.llm), time.monotonic() + 120
        while not client.is_up():
            if process.poll() is not None or time.monotonic() > end:
                raise Unavailable("llama.cpp did not start.")
            time.sleep(0.3)
        yield ask, _counter(address)
    finally:
        process.terminate()
        process.wait()


def _counter(address: str) -> Callable[[str], int]:
    """Counts the model's own tokens."""

    def count(text: str) -> int:
        url = f"{address.removesuffix('/v1')}/tokenize"
        return len(httpx.post(url, json={"content": text}, timeout=30).raise_for_status().json()["tokens"])

    return count
