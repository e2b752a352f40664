"""This project's understanding and Rasa's default beside one another, trained and tested alike on the same wordings."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.metrics import accuracy_score, f1_score

from tongshi.errors import TongshiError
from tongshi.evaluation.benchmark_sets import OUTSIDE, PUBLIC, BenchmarkSet, banking77, clinc150, own
from tongshi.evaluation.benchmark_work import MODEL
from tongshi.evaluation.tables import Report, with_mean
from tongshi.nlu.pipeline import configured_pipeline, default_pipeline
from tongshi.nlu.wordings import Wording
from tongshi.settings import LANGUAGES, ROOT, Settings
from tongshi.system import pull_models

SETS = (*PUBLIC, "own")
SYSTEMS = ("tongshi", "rasa")

DIET_EPOCHS = 100
"""What Rasa trains DIET for unless it is told otherwise."""

_PRECISION = 0.9
_KNOWN_BY_ALL = "intents"
"""The adapter that has learnt wordings of all twelve languages, and would tell a bot trained on English what the others say."""

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(ROOT),
}  # fmt: skip


@dataclass(frozen=True)
class System:
    """A pipeline that is benchmarked.

    Attributes:
        config: what a config.yml of Rasa holds.
        remark: what a reader of the table must know of it.
    """

    name: str
    config: dict[str, Any]
    remark: str = ""


def tongshi(encoder: str | None = None, *, keep: bool = False) -> System:
    """The pipeline of config.yml.

    Args:
        encoder: to take in place of the configured one.
        keep: whether vectors of training wordings are kept, so that the next training need not encode them; what it takes is then not told.
    """
    pipeline = configured_pipeline()
    vectors = next(one for one in pipeline if one["name"].endswith("SentenceVectorFeaturizer"))
    vectors |= {"keep": keep} | ({"encoder": encoder} if encoder else {})
    return System("tongshi", _config(pipeline), "" if encoder is None else f"encoder {encoder}")


def rasa_default(epochs: int = DIET_EPOCHS) -> System:
    """The pipeline that Rasa takes where a config.yml names none, as that of `rasa init` does.

    Args:
        epochs: of DIET.
    """
    pipeline = default_pipeline()
    for one in pipeline:
        if one["name"] == "DIETClassifier":
            one["epochs"] = epochs
    return System("rasa", _config(pipeline), "" if epochs == DIET_EPOCHS else f"DIET {epochs} epochs of {DIET_EPOCHS}")


def _config(pipeline: list[dict[str, Any]]) -> dict[str, Any]:
    return {"recipe": "default.v1", "language": "en", "assistant_id": "benchmark", "pipeline": pipeline}


def report(
    settings: Settings,
    sample: int | None = None,
    *,
    sets: Sequence[str] = (),
    systems: Sequence[str] = (),
    epochs: int = DIET_EPOCHS,
    folder: Path | None = None,
) -> Report:
    """Train and test each system on each set; a pair that was measured before with the same files and settings is not measured again.

    Args:
        sample: wordings an intent and language to learn from and to be tested on; all by default.
        sets: of `SETS`; all by default.
        systems: of `SYSTEMS`; all by default.
        epochs: of DIET.
        folder: where the public sets lie, by default as the settings say.

    Raises:
        TongshiError: there is no such set or system, or a public set's files are missing.
    """
    pull_models(settings)
    read = _readers(settings, folder)
    makers = {"tongshi": tongshi, "rasa": lambda: rasa_default(epochs)}
    _require(sets, SETS, "set")
    _require(systems, SYSTEMS, "system")
    # All sets are read first, so that a missing one is told before the first hour's work.
    chosen = [read[name]().sampled(sample) for name in sets or SETS]
    found = Report(
        "Benchmarks", "accuracy", notes="in one thread; seconds and milliseconds are the processor's, memory the most in use"
    )
    refused = Report("Out of scope", "oos recall", notes="refused below the threshold that is best on held-out wordings")
    for benchmark, system in ((one, makers[name]()) for one in chosen for name in systems or SYSTEMS):
        trained, tested = _measured(settings, benchmark, system)
        found.rows.append(_row(benchmark, system, trained, tested))
        if any(one.intent == OUTSIDE for one in benchmark.test):
            refused.rows.append(_refusals(benchmark, system, tested["found"]))
    found.parts = [refused] if refused.rows else []
    return found


def crosslingual(settings: Settings, sample: int | None = None) -> Report:
    """Accuracy in each language of a bot that learnt from English, from English and Chinese, and from all.

    What learns from some languages alone has vectors that no wording of the project has shaped: e5 as published in place of its adapter.

    Args:
        sample: wordings an intent and language; all by default.
    """
    pull_models(settings)
    encoder = next(one["encoder"] for one in tongshi().config["pipeline"] if "encoder" in one)
    plain = tongshi(encoder.replace(_KNOWN_BY_ALL, "e5"), keep=True)
    bots = {
        "en": (("en",), plain),
        "en+zh": (("en", "zh"), plain),
        "all": (LANGUAGES, plain),
        "as configured": (LANGUAGES, tongshi(keep=True)),
    }
    found = Report(
        "Trained on some languages, tested on each",
        "as configured",
        notes=f"accuracy; {plain.remark}, but as configured {encoder}",
    )
    found.rows = [{"language": language} for language in LANGUAGES]
    for name, (languages, system) in bots.items():
        benchmark = own(settings, languages).sampled(sample)
        _, tested = _measured(settings, benchmark, system)
        for row in found.rows:
            rows = [(one, intent) for one, (intent, _) in zip(benchmark.test, tested["found"]) if one.language == row["language"]]
            row |= {"wordings": len(rows), name: float(np.mean([one.intent == intent for one, intent in rows]))}
    return with_mean(found)


def _readers(settings: Settings, folder: Path | None) -> dict[str, Callable[[], BenchmarkSet]]:
    place = folder or settings.benchmarks
    return {"banking77": lambda: banking77(place), "clinc150": lambda: clinc150(place), "own": lambda: own(settings)}


def _require(names: Sequence[str], known: Sequence[str], kind: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise TongshiError(f"There is no {kind} {', '.join(unknown)}; there are {', '.join(known)}.")


def _measured(settings: Settings, benchmark: BenchmarkSet, system: System) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the training and the test of a pair gave, from an earlier run where nothing that they depend on has changed."""
    training = {"rasa_nlu_data": {"common_examples": [_example(one) for one in benchmark.training]}}
    config, texts = yaml.safe_dump(system.config), [one.text for one in (*benchmark.test, *benchmark.held_out)]
    digest = hashlib.sha256(json.dumps([config, training, texts]).encode() + _fingerprint(system)).hexdigest()[:12]
    folder = settings.home / "benchmarks" / f"{benchmark.name.replace('/', '-')}-{system.name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "trained.json").exists():
        (folder / "config.yml").write_text(config, "utf-8")
        (folder / "training.json").write_text(json.dumps(training, ensure_ascii=False), "utf-8")
        _work(folder, "train", f"{benchmark.name}: {system.name} learns")
    if not (folder / "tested.json").exists():
        (folder / "test.json").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
        _work(folder, "test", f"{benchmark.name}: {system.name} is tested")
        # The figures are kept, the bot and the wordings are not: public sets stay where they are.
        for name in (MODEL, "training.json", "test.json"):
            (folder / name).unlink(missing_ok=True)
    return tuple(json.loads((folder / name).read_text("utf-8")) for name in ("trained.json", "tested.json"))


def _example(wording: Wording) -> dict[str, Any]:
    return {"text": wording.text, "intent": wording.intent, "metadata": {"intent": {"language": wording.language}}}


def _fingerprint(system: System) -> bytes:
    """What figures of our own components depend on beside their configuration: their code, and the adapters of their encoder."""
    # Other reports are made without Rasa, which takes seconds to import.
    from tongshi.nlu.featurizers import SentenceVectorFeaturizer as Vectors

    ours = [one for one in system.config["pipeline"] if one["name"].endswith(Vectors.__name__)]
    return "".join(Vectors.fingerprint_addon({**Vectors.get_default_config(), **one}) for one in ours).encode()


def _work(folder: Path, what: str, title: str) -> None:
    """Train or test in a process of its own, with progress shown on the error stream.

    Raises:
        TongshiError: it failed; its last words are told.
    """
    command = [sys.executable, "-m", "tongshi.evaluation.benchmark_work", str(folder), what]
    log = folder / f"{what}.log"
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **_ONE_THREAD}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        task = progress.add_task(title, total=None)
        try:
            with log.open("w", encoding="utf-8") as file:
                for line in process.stderr:
                    if (done := _epochs(line)) is not None:
                        progress.update(task, total=100, completed=done)
                    else:
                        file.write(line)
            failed = process.wait()
        except BaseException:
            process.terminate()
            raise
    if failed:
        raise TongshiError(f"{title}: failed. Its last words, of {log}:\n{escape(log.read_text('utf-8')[-1500:])}")


def _epochs(line: str) -> int | None:
    """Percent of DIET's epochs that a progress bar tells."""
    found = re.findall(r"Epochs:\s*(\d+)%", line)
    return int(found[-1]) if found else None


def _row(benchmark: BenchmarkSet, system: System, trained: dict[str, Any], tested: dict[str, Any]) -> dict[str, Any]:
    count = len(benchmark.test)
    inside = [(one.intent, intent or "") for one, (intent, _) in zip(benchmark.test, tested["found"]) if one.intent != OUTSIDE]
    wanted, given = zip(*inside)
    return {
        "set": benchmark.name,
        "system": system.name,
        "learnt": len(benchmark.training),
        "tested": count,
        "accuracy": float(accuracy_score(wanted, given)),
        "macro F1": float(f1_score(wanted, given, average="macro", labels=sorted(set(wanted)), zero_division=0)),
        "train s": round(trained["cpu seconds"], 1),
        "train MB": trained["MB"],
        "parse p50": float(np.quantile(tested["milliseconds"], 0.5)),
        "parse p95": float(np.quantile(tested["milliseconds"], 0.95)),
        "parse MB": tested["MB"],
        "remark": system.remark,
    }


def _refusals(benchmark: BenchmarkSet, system: System, found: Sequence[tuple[str | None, float]]) -> dict[str, Any]:
    """What is told of wordings that belong to no intent.

    The threshold of confidence is the one that is best on the held-out wordings, as in Larson et al. 2019: there a wording of no intent is
    right where it stays below, another where it does not and its intent is right.
    """
    count = len(benchmark.test)
    threshold = _threshold(benchmark.held_out, found[count:])
    foreign, right, confidence = _judged(benchmark.test, found[:count])
    refused = confidence < threshold
    return {
        "set": benchmark.name,
        "system": system.name,
        "threshold": threshold,
        "in scope right": float((right & ~refused)[~foreign].mean()),
        "oos recall": float(refused[foreign].mean()),
        "oos precision": float(foreign[refused].mean()) if refused.any() else 0.0,
        f"oos recall at P {_PRECISION}": recall_at(_PRECISION, foreign, confidence),
        "remark": system.remark,
    }


def _judged(wordings: Sequence[Wording], found: Sequence[tuple[str | None, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which wordings belong to no intent, whose intent is right, and the confidences."""
    foreign = np.array([one.intent == OUTSIDE for one in wordings])
    right = np.array([one.intent == intent for one, (intent, _) in zip(wordings, found)])
    return foreign, right, np.array([value for _, value in found])


def _threshold(wordings: Sequence[Wording], found: Sequence[tuple[str | None, float]]) -> float:
    foreign, right, confidence = _judged(wordings, found)
    candidates = np.unique([0.0, *confidence])
    scores = [(np.where(foreign, confidence < one, right & (confidence >= one))).mean() for one in candidates]
    return float(candidates[int(np.argmax(scores))])


def recall_at(precision: float, foreign: np.ndarray, confidence: np.ndarray) -> float:
    """The largest share of foreign wordings below a threshold of which at least `precision` of all that lie below are foreign.

    Args:
        foreign: whether each wording belongs to no intent.
        confidence: in each wording's likeliest intent.
    """
    order = np.argsort(confidence, kind="stable")
    hits = np.cumsum(foreign[order])
    # A threshold parts no wordings of one confidence.
    last = np.append(np.diff(confidence[order]) > 0, True)
    good = last & (hits / np.arange(1, len(order) + 1) >= precision)
    return float(hits[good].max() / foreign.sum()) if good.any() else 0.0
