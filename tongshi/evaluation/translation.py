"""How like a person's the translations of chat are, and how many pass their checks: between each language and English, and Chinese.

Measured on tests/evaluation/translation: the same sentences in twelve languages, each written as people write it there. The model's replies
are kept on disk, see `tongshi.evaluation.generation`.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from rich.progress import track
from sacrebleu.metrics import CHRF

from tongshi.evaluation.generation import model_of
from tongshi.evaluation.tables import TESTS, Report
from tongshi.files import read_yaml
from tongshi.language.identify import get_identifier
from tongshi.llm.translation import Engine, ModelEngine, ServerEngine, Translation, Translator
from tongshi.settings import LANGUAGES, Settings

SENTENCES = TESTS / "evaluation" / "translation"
PRODUCTS = ("Volt 65W Charger", "Pulse Sports Watch", "Halo Desk Lamp")
"""Names of products in the sentences."""

_HUBS = ("zh", "en")
_BETWEEN = 3
"""Between Chinese and English, which come first, so many times as many sentences are taken."""

_CHANGED = ("differs:", "only in ")
_DEADLINE = 3600.0


def report(settings: Settings, sample: int | None = None) -> Report:
    """One row a language and direction; of each engine where a translation server is set.

    Args:
        settings: whose language model, and whose server, translate.
        sample: sentences a direction, evenly taken, and three times as many between Chinese and English; all by default.
    """
    told = sentences()
    found = Report("Translation", "chrF", notes=f"tests/evaluation/translation; {settings.llm}")
    with model_of(settings, None) as model:
        engines: list[Engine] = [ModelEngine(model)]
        if settings.translation_url:
            engines.append(ServerEngine(settings.translation_url, settings.translation_key))
        for engine in engines:
            translator = Translator([engine, engine], get_identifier(), (settings.shop, *PRODUCTS))
            for source, language in track(list(directions()), f"translation ({engine.name})", transient=True):
                most = sample and sample * (_BETWEEN if {source, language} == set(_HUBS) else 1)
                pairs = [(told[source][one], told[language][one]) for one in _evenly(list(told["en"]), most)]
                given = [translator.translate(text, language, source, seconds=_DEADLINE) for text, _ in pairs]
                found.rows.append(_row(source, language, engine.name, given, [wanted for _, wanted in pairs]))
    found.rows += [_mean(found.rows, hub) for hub in _HUBS]
    return found


def sentences() -> dict[str, dict[str, str]]:
    """The sentences by language and name."""
    return {language: read_yaml(SENTENCES / f"{language}.yml") for language in LANGUAGES}


def directions() -> Iterator[tuple[str, str]]:
    """From each language into Chinese and English, and back, each once."""
    for hub in _HUBS:
        for language in LANGUAGES:
            if language != hub:
                yield language, hub
                if language not in _HUBS:
                    yield hub, language


def _evenly(names: list[str], many: int | None) -> list[str]:
    many = min(many or len(names), len(names))
    return [names[int((number + 0.5) * len(names) / many)] for number in range(many)]


def _row(source: str, language: str, engine: str, given: list[Translation], wanted: list[str]) -> dict:
    """Figures of one direction.

    `chrF` is of all that was written, `given chrF` of what passed its checks, `given` the share that did; `kept` the share of what was
    written that has the original's names, codes, figures, placeholders and days, none more and none fewer.
    """
    passed = [place for place, one in enumerate(given) if one.translated]
    return {
        "from": source,
        "to": language,
        "engine": engine,
        "sentences": len(given),
        "chrF": CHRF().corpus_score([one.draft for one in given], [wanted]).score,
        "kept": statistics.fmean(not any(problem.startswith(_CHANGED) for problem in one.problems) for one in given),
        "given": len(passed) / len(given),
        "given chrF": CHRF().corpus_score([given[place].text for place in passed], [[wanted[place] for place in passed]]).score
        if passed
        else 0.0,
    }


def _mean(rows: list[dict], hub: str) -> dict:
    """The mean of all directions from or to a language."""
    these = [row for row in rows if hub in (row["from"], row["to"])]
    figures = ("chrF", "kept", "given", "given chrF")
    return {
        "from": "mean",
        "to": hub,
        "engine": "all",
        "sentences": sum(row["sentences"] for row in these),
        **{name: statistics.fmean(row[name] for row in these) for name in figures},
    }
