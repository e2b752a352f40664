"""The gate before a new adapter of the language model goes live: in no language may fewer answers be right than before."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tongshi.errors import TongshiError
from tongshi.evaluation import abstention, generation
from tongshi.llm.server import installed_adapter
from tongshi.settings import Settings
from tongshi.training.adapter import card, describe, export
from tongshi.training.finetune import RUN
from tongshi.weights import manifest

ADAPTER = "adapter.gguf"


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        report: base and new adapter side by side, both bare, and the latter behind the checks.
        worse: languages in which fewer items are right than with the base.
        installed: where the adapter lies from now on; None where it was refused.
    """

    report: generation.Report
    worse: list[str]
    installed: Path | None


def pass_through(new: Path, settings: Settings, sample: int | None = None, force: bool = False) -> Verdict:
    """Measure an adapter beside its base and install it, with its card, unless a language got worse.

    Args:
        new: the folder of a run, or an adapter's GGUF file.
        sample: items a language; all by default.
        force: install it all the same.

    Raises:
        TongshiError: it is no adapter of a model of the manifest, or the model is served by another address.
    """
    if settings.llm_url:
        raise TongshiError("TONGSHI_LLM_URL is set: an adapter is installed for the model that Tongshi serves itself.")
    adapter = new / ADAPTER if new.is_dir() else new
    if new.is_dir() and not adapter.exists():
        export_run(new)
    settings = replace(settings, llm=_model_of(adapter))
    if new.is_dir():
        _calibrate(new, adapter, settings)
    report = generation.report(settings, sample, adapter)
    worse = generation.worse(report, "base", "tuned")
    verdict = f"worse in {', '.join(worse)}" if worse else "no language got worse"
    _write_card(new, adapter, report, verdict + ("; installed by force" if worse and force else ""), sample)
    installed = _install(adapter, settings) if force or not worse else None
    return Verdict(report, worse, installed)


def export_run(folder: Path) -> Path:
    """The adapter of a finished run as GGUF, in the run's folder.

    Raises:
        TongshiError: the folder holds no finished run, or its base is no file of the manifest.
    """
    if not (folder / RUN).exists():
        raise TongshiError(f"{folder} holds no finished run. Run `tongshi finetune run`.")
    base = json.loads((folder / RUN).read_text("utf-8"))["base"]
    if "sha256" not in base:
        raise TongshiError(f"{base['title']} is no model of the manifest, which llama.cpp could lay the adapter over.")
    return export(folder / "adapter", folder / ADAPTER, base["sha256"])


def _calibrate(folder: Path, adapter: Path, settings: Settings) -> None:
    """Have a run's adapter say how readily it is to say that it does not know."""
    run = json.loads((folder / RUN).read_text("utf-8"))
    if "unknown bias" not in run:
        run["unknown bias"] = round(abstention.learn(settings, adapter), 2)
        (folder / RUN).write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    export(folder / "adapter", adapter, run["base"]["sha256"], run["unknown bias"])


def _model_of(adapter: Path) -> str:
    if not adapter.exists():
        raise TongshiError(f"There is no adapter at {adapter}.")
    wanted = describe(adapter)["base_sha256"]
    for name, entry in manifest().items():
        if entry.sha256 == wanted:
            return name
    raise TongshiError(f"{adapter} was made for a model that the manifest does not hold (sha256 {wanted or 'not told'}).")


def _write_card(new: Path, adapter: Path, report: generation.Report, verdict: str, sample: int | None) -> None:
    run = new / RUN if new.is_dir() else new.with_name(RUN)
    if not run.exists():
        return
    command = f"tongshi finetune gate{f' --sample {sample}' if sample else ''} {new}"
    explained = (
        f"Measured by `{command}`; each figure: {' · '.join(report.variants)}, in percent (length: characters by those of the"
        f" reference). {report.notes}\n\n{report.markdown()}"
    )
    text = card(json.loads(run.read_text("utf-8")), explained, verdict)
    adapter.with_suffix(".md").write_text(text, "utf-8")


def _install(adapter: Path, settings: Settings) -> Path:
    folder = settings.models / "adapters" / "llm"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{settings.llm}.gguf"
    if adapter.resolve() != target.resolve():
        shutil.copyfile(adapter, target)
        if adapter.with_suffix(".md").exists():
            shutil.copyfile(adapter.with_suffix(".md"), target.with_suffix(".md"))
    return installed_adapter(settings)
