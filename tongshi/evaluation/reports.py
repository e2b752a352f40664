"""The reports of `tongshi evaluate`: each a table, one row a language."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.progress import track

from tongshi.evaluation import (
    benchmarks,
    checks,
    entities,
    imports,
    languages,
    latency,
    moods,
    pipeline,
    retrieval,
    robustness,
    startup,
    training,
    understanding,
)
from tongshi.evaluation.running import play, running
from tongshi.evaluation.tables import TESTS, Report, asked_questions, with_mean
from tongshi.files import read_yaml
from tongshi.knowledge.graph_facts import GraphPassage
from tongshi.language.identify import get_identifier
from tongshi.settings import LANGUAGES, Settings
from tongshi.weights import manifest

if TYPE_CHECKING:
    from tongshi.llm.answering import Answerer

_GENERATED = 6


def answers(settings: Settings, sample: int | None = None) -> Report:
    """Whether the decisive fact is said, in the right language, and nothing where nothing is known; with what the model writes.

    Args:
        sample: questions a language, evenly taken; by default all of the system's, and a few of the model's, which takes seconds each.
            With TONGSHI_ANSWER_MODE=generate the language model writes all, with =quote none: the two beside one another.
    """
    from tongshi.llm.answering import make_answerer
    from tongshi.llm.server import language_model
    from tongshi.storage.database import get_database

    answerer = make_answerer(settings, get_database())
    answerer.warm_up()
    asks = settings.answer_mode != "quote"
    report = Report("Answers", "fact right", notes=f"tests/evaluation/answers, mode {settings.answer_mode}")
    with language_model(settings, *answerer.models, at_once=asks):
        if asks and not answerer.models[0].is_up():
            report.notes += ", no language model answers"
        for language in track(LANGUAGES, "answers", transient=True):
            questions = asked_questions(language)
            taken = questions[:: max(1, len(questions) // sample) if sample else 1]
            report.rows.append(_answered(answerer, taken, language))
    if settings.answer_mode == "auto" and (settings.llm_url or (settings.models / manifest()[settings.llm].file).exists()):
        report.parts.append(generation(settings, sample or _GENERATED))
    return with_mean(report)


def _answered(answerer: Answerer, questions: Sequence[dict[str, Any]], language: str) -> dict[str, Any]:
    """One row of `answers`."""
    identify = get_identifier()
    facts, cited, tongue, silent, seconds = [], [], [], [], []
    for question in questions:
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
    return {
        "language": language,
        "fact right": float(np.mean(facts)),
        "cited article right": float(np.mean(cited)),
        "language right": float(np.mean(tongue)),
        "abstention": float(np.mean(silent)),
        "s p50": statistics.median(seconds),
        "s p95": float(np.quantile(seconds, 0.95)),
    }


def generation(settings: Settings, sample: int | None = None) -> Report:
    """What the language model writes when it is given passages, see `tongshi.evaluation.generation`."""
    from tongshi.evaluation.generation import report

    return report(settings, sample)


def shipped(settings: Settings, sample: int | None = None) -> Report:
    """Answers of the whole system on unseen businesses, see `tongshi.evaluation.shipped`."""
    from tongshi.evaluation.shipped import report

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


def graph(settings: Settings) -> Report:
    """Questions that take several relations: whether the graph finds just the right products, and leaves alone what is not for it."""
    from tongshi.knowledge.graph import make_graph
    from tongshi.storage.database import get_database

    known = make_graph(settings, get_database())
    known.warm_up()
    report = Report("Graph", "right", notes="tests/evaluation/graph")
    for language in track(LANGUAGES, "graph", transient=True):
        told = read_yaml(TESTS / "evaluation" / "graph" / f"{language}.yml")
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


def dialogues(settings: Settings) -> Report:
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
                    for dialogue in read_yaml(scripts / f"{language}.yml")["dialogues"]
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


def speech(settings: Settings, sample: int | None = None, languages: Collection[str] = LANGUAGES) -> Report:
    """What is spoken and heard again, see `tongshi.evaluation.speech`."""
    from tongshi.evaluation.speech import report

    return report(settings, sample, languages)


REPORTS: dict[str, Callable[..., Report]] = {
    "nlu": understanding.report,
    "benchmarks": benchmarks.report,
    "crosslingual": benchmarks.crosslingual,
    "entities": entities.report,
    "robustness": robustness.report,
    "languages": languages.report,
    "mood": moods.report,
    "retrieval": retrieval.report,
    "scale": retrieval.scale,
    "imports": imports.report,
    "answers": answers,
    "shipped": shipped,
    "generation": generation,
    "checks": checks.report,
    "translation": translation,
    "followups": followups,
    "serving": serving,
    "graph": graph,
    "dialogues": dialogues,
    "latency": latency.report,
    "pipeline": pipeline.report,
    "startup": startup.report,
    "training": training.report,
    "speech": speech,
}
"""Each report by its name on the command line; its parameters besides the settings are the options that it takes."""
