"""How fast answers come, to one customer and to several at once: ours beside llama.cpp as it comes, in the same run.

Ours is the whole way of an answer that the model writes: prompt, our server, our client, the checks of each sentence. Beside it the same
prompts go to a bare llama.cpp server by a bare HTTP client, and nothing is checked. Search is left out of both. Both servers run all the
time, and each question is asked of the one right after the other, so that what else the machine does weighs on both alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO, Any

import httpx
from rich.progress import track

from tongshi import weights
from tongshi.errors import TongshiError, Unavailable
from tongshi.evaluation.generation import Given, Item, of_shop, serving
from tongshi.evaluation.running import free_port
from tongshi.evaluation.tables import Report, with_mean
from tongshi.knowledge.base import Passage
from tongshi.language.identify import get_identifier
from tongshi.llm.answering import Answerer
from tongshi.llm.client import ChatClient
from tongshi.llm.prompting import prompt
from tongshi.llm.server import CONTEXT, PARALLEL, installed_adapter
from tongshi.settings import LANGUAGES, ROOT, Settings

CUSTOMERS = (1, 4, 8)
_EACH = 2
_MOST_TOKENS = 160
_DEADLINE = 600.0
_START = 300.0
"""Seconds that a server may take to come up on a machine that others keep busy."""

_SAID = 1500
"""Characters of a dead server's last words that are told."""


@dataclass(frozen=True)
class Timing:
    """One reply.

    Attributes:
        first: seconds to its first piece.
        shown: seconds to the first sentence that a customer may see; with nothing checked, the first piece.
        seconds: to its end.
        written: seconds to its last piece.
        tokens: that were written.
    """

    first: float
    shown: float
    seconds: float
    written: float
    tokens: int


Ask = Callable[[Item], Timing]
Ways = dict[str, Ask]


def report(settings: Settings, sample: int | None = None) -> Report:
    """One row a language, for a customer alone; and a part with one row for 1, 4 and 8 customers at once.

    Args:
        settings: whose model; `TONGSHI_LLM=llm-0.5b` measures the small one.
        sample: questions a language, and twice as many a number of customers; 2 by default.

    Raises:
        TongshiError: the model is served elsewhere: nothing would be measured of it.
    """
    each = sample or _EACH
    items = questions(settings, each + 1)
    with both(settings) as ways:
        found = alone(ways, items)
        found.parts.append(together(ways, items, each))
    found.notes = f"{settings.llm}, {each} questions a language, {os.cpu_count()} cores; seconds are medians"
    return found


def questions(settings: Settings, many: int) -> dict[str, list[Item]]:
    """So many questions of the shop a language, of different articles, each with the English article that answers."""
    found: dict[str, list[Item]] = {language: [] for language in LANGUAGES}
    seen = set()
    for one in of_shop(settings):
        # Figures: what the model is likeliest to answer, since a reply of one word measures nothing.
        article = (one.language, *(one.passages[place] for place in sorted(one.right)))
        if one.facts and article not in seen and len(found[one.language]) < many:
            found[one.language].append(one)
            seen.add(article)
    return found


@contextmanager
def both(settings: Settings) -> Iterator[Ways]:
    """Ways to ask ours and the bare server, until the block ends."""
    if settings.llm_url:
        raise TongshiError("TONGSHI_LLM_URL names a server elsewhere; this report measures the one that Tongshi starts.")
    with _ours(settings) as ours, _raw(settings) as raw:
        yield {"ours": ours, "raw": raw}


def alone(ways: Ways, items: dict[str, list[Item]]) -> Report:
    """One row a language: a customer who is alone, after another's question has had the language's orders read."""
    found = Report("Serving", "first token s ours")
    for language in track(items, "serving", transient=True):
        timings: dict[str, list[Timing]] = {name: [] for name in ways}
        *asked, first = items[language]
        for ask in ways.values():
            ask(first)
        for number, item in enumerate(asked):
            for name in _in_turn(ways, number):
                timings[name].append(ways[name](item))
        found.rows.append({"language": language} | _beside({name: _figures(timings[name]) for name in ways}))
    return with_mean(found)


def together(ways: Ways, items: dict[str, list[Item]], each: int) -> Report:
    """One row for so many customers at once, each of another language, who ask again as soon as they are answered."""
    found = Report("Serving, customers at once", "answers/min ours", notes="first token and shown: median seconds")
    asked = list(chain.from_iterable(zip(*items.values())))
    for number, many in enumerate(CUSTOMERS):
        measured = {name: _at_once(ways[name], asked[: max(many, 2 * each)], many) for name in _in_turn(ways, number)}
        found.rows.append({"customers": many} | _beside({name: measured[name] for name in ways}))
    return found


def _in_turn(ways: Ways, number: int) -> list[str]:
    """Who is asked first takes turns."""
    return list(ways)[:: -1 if number % 2 else 1]


def _beside(figures: dict[str, dict[str, float]]) -> dict[str, float]:
    return {f"{figure} {name}": values[figure] for figure in next(iter(figures.values())) for name, values in figures.items()}


def _at_once(ask: Ask, items: Sequence[Item], many: int) -> dict[str, float]:
    """Figures where so many customers ask at the same time, each again as soon as they are answered."""
    began = time.monotonic()
    with ThreadPoolExecutor(many) as pool:
        timings = list(pool.map(ask, items))
    seconds = time.monotonic() - began
    answers = {"tokens/s": sum(one.tokens for one in timings) / seconds, "answers/min": len(timings) / seconds * 60}
    return {**_figures(timings), **answers}


def _figures(timings: Sequence[Timing]) -> dict[str, float]:
    """Tokens a second are counted from the first token on, which is not one of them."""
    writing = sum(one.written - one.first for one in timings)
    return {
        "first token s": statistics.median(one.first for one in timings),
        "shown s": statistics.median(one.shown for one in timings),
        "tokens/s": sum(max(one.tokens - 1, 0) for one in timings) / max(writing, 1e-9),
    }


class _Timed:
    """A client that notes when pieces come, and whether there was a repair, whose pieces are none of the first reply's."""

    def __init__(self, client: ChatClient) -> None:
        self._client = client
        self.first: float | None = None
        self.last = 0.0
        self.text = ""
        self.asked = 0

    def stream(self, messages: Sequence[dict[str, str]], **options: Any) -> Iterator[str]:
        self.asked += 1
        for piece in self._client.stream(messages, **options):
            if self.asked == 1:
                self.last = time.monotonic()
                self.first = self.first or self.last
                self.text += piece
            yield piece


@contextmanager
def _ours(settings: Settings) -> Iterator[Ask]:
    here = replace(settings, llm_port=free_port())
    client = ChatClient(here.llm_address, here.llm)
    identify = get_identifier()

    def ask(item: Item) -> Timing:
        timed = _Timed(client)
        passages = [Passage(str(place), language, "", 1.0, text) for place, (language, text) in enumerate(item.passages)]
        answerer = Answerer(Given(passages), timed, identify, item.shop, "generate", _DEADLINE)
        shown: list[float] = []
        began = time.monotonic()
        answerer.answer(item.question, item.language, on_sentence=lambda _: shown.append(time.monotonic()))
        end = time.monotonic()
        first = timed.first or end
        return Timing(first - began, (shown[0] if shown else end) - began, end - began, timed.last - began, count(timed.text))

    with serving(here, installed_adapter(settings), client):
        count = _counter(here.llm_address)
        yield ask


@contextmanager
def _raw(settings: Settings) -> Iterator[Ask]:
    port, threads = free_port(), settings.llm_threads or os.cpu_count() or 2
    sizes = map(str, (port, threads, CONTEXT * PARALLEL, PARALLEL))
    adapter = installed_adapter(settings)
    model = str(weights.path_of(settings.llm, settings))
    command = [sys.executable, "-m", "tongshi.evaluation.raw_llama", model, *sizes, *([str(adapter)] if adapter else [])]
    address = f"http://127.0.0.1:{port}/v1"
    count = _counter(address)

    def ask(item: Item) -> Timing:
        messages = prompt(item.shop, item.language, item.texts, item.question)
        body = {"messages": messages, "max_tokens": _MOST_TOKENS, "temperature": 0, "stream": True}
        first, last, text, began = None, None, "", time.monotonic()
        # A connection of its own: one that lay idle may be closed by the server just as a request is sent on it.
        with httpx.stream("POST", f"{address}/chat/completions", json=body, timeout=_DEADLINE) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith("data: {") and (piece := json.loads(line[6:])["choices"][0]["delta"].get("content")):
                    last = time.monotonic()
                    first = first or last
                    text += piece
        end = time.monotonic()
        first, last = first or end, last or end
        return Timing(first - began, first - began, end - began, last - began, count(text))

    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        try:
            _wait_for(process, ChatClient(address, settings.llm), said)
            yield ask
        except httpx.HTTPError as error:
            raise Unavailable(f"llama.cpp did not answer: {error}. {_last_words(process, said)}") from error
        finally:
            process.terminate()
            process.wait()


def _wait_for(process: subprocess.Popen, client: ChatClient, said: IO[bytes]) -> None:
    end = time.monotonic() + _START
    while not client.is_up():
        if process.poll() is not None or time.monotonic() > end:
            raise Unavailable(f"llama.cpp did not start. {_last_words(process, said)}")
        time.sleep(0.3)


def _last_words(process: subprocess.Popen, said: IO[bytes]) -> str:
    """Whether a process ended, and what it said last."""
    state = "It runs" if process.poll() is None else f"It ended with {process.poll()}"
    said.seek(0)
    return f"{state}; it said: {said.read().decode('utf-8', 'replace')[-_SAID:].strip() or 'nothing'}"


def _counter(address: str) -> Callable[[str], int]:
    """Counts the model's own tokens."""

    def count(text: str) -> int:
        url = f"{address.removesuffix('/v1')}/tokenize"
        return len(httpx.post(url, json={"content": text}, timeout=30).raise_for_status().json()["tokens"])

    return count
