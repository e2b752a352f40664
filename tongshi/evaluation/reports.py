"""The reports of `tongshi evaluate`: each a table, one row a language."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import yaml
from rich.progress import track

from tongshi.evaluation import checks, moods, retrieval, understanding
from tongshi.evaluation.running import free_port, play, running
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.knowledge.graph_facts import GraphPassage
from tongshi.language.identify import get_identifier
from tongshi.settings import LANGUAGES, Settings
from tongshi.weights import manifest

_GENERATED = 6


def answers(settings: Settings, sample: int | None = None) -> Report:
    """Whether the decisive fact is said, in the right language, and nothing where nothing is known; with what the model writes.

    Args:
        sample: questions a language, evenly taken; by default all of the system's, and a few of the model's, which takes seconds each.
            With TONGSHI_ANSWER_MODE=generate the running language model writes all, with =quote none: the two beside one another.
    """
    from tongshi.llm.answering import make_answerer
    from tongshi.storage.database import get_database

    answerer = make_answerer(settings, get_database())
    answerer.warm_up()
    identify = get_identifier()
    notes = f"tests/evaluation/answers, mode {settings.answer_mode}"
    report = Report("Answers", "fact right", notes=notes)
    for language in track(LANGUAGES, "answers", transient=True):
        facts, cited, tongue, silent, seconds = [], [], [], [], []
        questions = _questions(language)
        for question in questions[:: max(1, len(questions) // sample) if sample else 1]:
            answer = answerer.answer(question["question"], language)
            seconds.append(answer.seconds)
            if question["article"] is None:
                silent.append(answer.outcome == "unknown")
                continue
            right = any(citation.article == question["article"] for citation in answer.citations)
            facts.append(right and all(part in answer.text for part in question.get("expect") or []))
            if answer.text:
                cited.append(right)
                tongue.append(identify(answer.text).language == language)
        report.rows.append(
            {
                "language": language,
                "fact right": float(np.mean(facts)),
                "cited article right": float(np.mean(cited)),
                "language right": float(np.mean(tongue)),
                "abstention": float(np.mean(silent)),
                "s p50": statistics.median(seconds),
                "s p95": float(np.quantile(seconds, 0.95)),
            }
        )
    if settings.answer_mode == "auto" and (settings.llm_url or (settings.models / manifest()[settings.llm].file).exists()):
        report.parts.append(generation(settings, sample or _GENERATED))
    return with_mean(report)


def generation(settings: Settings, sample: int | None = None) -> Report:
    """What the language model writes when it is given passages, see `tongshi.evaluation.generation`."""
    from tongshi.evaluation.generation import report

    return report(settings, sample)


def translation(settings: Settings, sample: int | None = None) -> Report:
    """How well chat is translated, see `tongshi.evaluation.translation`."""
    from tongshi.evaluation.translation import report

    return report(settings, sample)


def serving(settings: Settings, sample: int | None = None) -> Report:
    """How fast the language model answers, see `tongshi.evaluation.serving`."""
    from tongshi.evaluation.serving import report

    return report(settings, sample)


def followups(settings: Settings, sample: int | None = None) -> Report:
    """Whether what a follow-up question asks for is found, see `tongshi.evaluation.followups`."""
    from tongshi.evaluation.followups import report

    return report(settings, sample)


def graph(settings: Settings, sample: int | None = None) -> Report:
    """Questions that take several relations: whether the graph finds just the right products, and leaves alone what is not for it."""
    from tongshi.knowledge.graph import make_graph
    from tongshi.storage.database import get_database

    known = make_graph(settings, get_database())
    known.warm_up()
    report = Report("Graph", "right", notes="tests/evaluation/graph")
    for language in track(LANGUAGES, "graph", transient=True):
        told = yaml.safe_load((TESTS / "evaluation" / "graph" / f"{language}.yml").read_text("utf-8"))
        answered, right, milliseconds = [], [], []
        for question in told["questions"]:
            began = time.perf_counter()
            passage = known.answer(question["question"], language)
            milliseconds.append((time.perf_counter() - began) * 1000)
            answered.append(passage is not None)
            right.append(passage is not None and is_right(passage, question))
        left = [known.answer(question, language) is None for question in told["leave"]]
        report.rows.append(
            {
                "language": language,
                "questions": len(right),
                "answered": float(np.mean(answered)),
                "right": float(np.mean(right)),
                "right where answered": sum(right) / max(sum(answered), 1),
                "left alone": float(np.mean(left)),
                "ms p50": statistics.median(milliseconds),
            }
        )
    return with_mean(report)


def is_right(passage: GraphPassage, question: dict[str, Any]) -> bool:
    """Whether a passage cites just the products and at least the policies that a question expects, and says its facts."""
    products = {one.removeprefix("product:") for one in passage.citations if one.startswith("product:")}
    # Languages put a space of their own between a figure and its unit.
    text = " ".join(passage.text.split())
    return (
        products == set(question["products"])
        and set(question.get("policies", [])) <= set(passage.citations)
        and all(str(part) in text for part in question.get("expect", []))
    )


def dialogues(settings: Settings, sample: int | None = None) -> Report:
    """Scripted conversations against a whole system of its own: how many turns get the reply that they should.

    Those of tests/dialogues guard against regressions: the bot was tuned until they passed. Those of tests/evaluation/dialogues are held out.
    """
    report = Report(
        "Dialogues", "held-out turns right", notes="tests/dialogues and tests/evaluation/dialogues (held out), over REST"
    )
    sets = {"regression": TESTS / "dialogues", "held-out": TESTS / "evaluation" / "dialogues"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home", support_hours="always") as system:
        for language in track(LANGUAGES, "dialogues", transient=True):
            row: dict[str, Any] = {"language": language}
            for name, scripts in sets.items():
                system.forget_cases()
                played = [
                    (dialogue["name"], list(play(system, dialogue, language)))
                    for dialogue in yaml.safe_load((scripts / f"{language}.yml").read_text("utf-8"))["dialogues"]
                ]
                turns = [(title, turn) for title, dialogue in played for turn in dialogue]
                row |= {
                    f"{name} turns": len(turns),
                    f"{name} turns right": float(np.mean([turn.right for _, turn in turns])),
                    f"{name} whole right": float(np.mean([all(turn.right for turn in dialogue) for _, dialogue in played])),
                }
                report.failures += [
                    {"set": name, "language": language, "dialogue": title, **asdict(turn)}
                    for title, turn in turns
                    if not turn.right
                ]
            report.rows.append(row)
    return with_mean(report)


def latency(settings: Settings, sample: int | None = None) -> Report:
    """Milliseconds of turns, beside the bot of `rasa init` in the same run."""
    report = Report(
        "Latency (ms)", "plain p50", notes="plain: no action; look-up: an order's status; answer: from the knowledge base"
    )
    words = {language: _first_turns(language) for language in LANGUAGES}
    with (
        tempfile.TemporaryDirectory() as folder,
        _rasa_init(Path(folder) / "init") as plain,
        running(Path(folder) / "home", support_hours="always") as system,
    ):
        say_plain = _speaker(plain)
        base = [_timed(say_plain, "hello") for _ in range(40)][10:]
        report.rows.append(_timings("rasa init", base, [], []))
        say = _speaker(system.address("RASA"))
        for language in track(LANGUAGES, "latency", transient=True):
            greeting, look_up = words[language]
            questions = [one["question"] for one in _questions(language) if one["article"]][:30:3]
            turns = [_timed(say, greeting) for _ in range(20)][5:]
            look_ups = [_timed(say, look_up) for _ in range(15)][3:]
            found = [_timed(say, question) for question in questions]
            report.rows.append(_timings(language, turns, look_ups, found))
    return report


def speech(settings: Settings, sample: int | None = None) -> Report:
    """What is spoken and heard again, see `tongshi.evaluation.speech`."""
    from tongshi.evaluation.speech import report

    return report(settings, sample)


def _timings(name: str, plain: list[float], look_ups: list[float], found: list[float]) -> dict[str, Any]:
    row: dict[str, Any] = {"language": name}
    for label, values in (("plain", plain), ("look-up", look_ups), ("answer", found)):
        row[f"{label} p50"] = round(statistics.median(values), 1) if values else "-"
        row[f"{label} p95"] = round(float(np.quantile(values, 0.95)), 1) if values else "-"
    return row


def _first_turns(language: str) -> tuple[str, str]:
    """A greeting and an order's status in one message, from the scripted dialogues."""
    scripted = yaml.safe_load((TESTS / "dialogues" / f"{language}.yml").read_text("utf-8"))["dialogues"]
    return scripted[0]["turns"][0]["say"], scripted[1]["turns"][0]["say"]


def _speaker(address: str) -> Callable[[str], Any]:
    client = httpx.Client(timeout=60)

    def say(text: str) -> Any:
        body = {"sender": uuid.uuid4().hex, "message": text}
        return client.post(f"{address}/webhooks/rest/webhook", json=body).raise_for_status()

    return say


def _timed(say: Callable[[str], Any], text: str) -> float:
    began = time.perf_counter()
    say(text)
    return (time.perf_counter() - began) * 1000


@contextmanager
def _rasa_init(folder: Path) -> Iterator[str]:
    """The bot that `rasa init` makes, trained and served; yields its address."""
    folder.mkdir()
    rasa = [sys.executable, "-m", "rasa"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*rasa, "init", "--no-prompt", "--init-dir", str(folder)], check=True, **quiet)
    port = free_port()
    process = subprocess.Popen([*rasa, "run", "--interface", "127.0.0.1", "--port", str(port)], cwd=folder, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"{address}/webhooks/rest/", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait()


def _questions(language: str) -> list[dict[str, Any]]:
    return yaml.safe_load((TESTS / "evaluation" / "answers" / f"{language}.yml").read_text("utf-8"))["questions"]


def _share(ranks: list[int], most: int) -> float:
    return float(np.mean([0 < rank <= most for rank in ranks]))


REPORTS: dict[str, Callable[[Settings, int | None], Report]] = {
    "nlu": understanding.report,
    "mood": moods.report,
    "retrieval": retrieval.report,
    "scale": retrieval.scale,
    "answers": answers,
    "generation": generation,
    "checks": checks.report,
    "translation": translation,
    "followups": followups,
    "serving": serving,
    "graph": graph,
    "dialogues": dialogues,
    "latency": latency,
    "speech": speech,
}
"""Each report by its name on the command line."""
