"""The gate before a new adapter of the language model goes live: in no language may fewer answers be right than with what is live."""

from __future__ import annotations

import filecmp
import json
from dataclasses import dataclass, replace
from pathlib import Path

from tongshi.errors import TongshiError
from tongshi.evaluation import abstention, generation
from tongshi.llm.server import installed_adapter
from tongshi.settings import Settings
from tongshi.training.adapter import card, describe, export, install
from tongshi.training.finetune import RUN
from tongshi.weights import manifest

ADAPTER = "adapter.gguf"


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Attributes:
        report: base, the adapter that is live and the new one side by side, all bare, and the last behind the checks.
        before: what of it the new one is judged against: `live`, or `base` where no other adapter is installed.
        worse: languages in which fewer items are right than before.
        installed: where the adapter lies from now on; None where it was refused.
    """

    report: generation.Report
    before: str
    worse: list[str]
    installed: Path | None


def pass_through(new: Path, settings: Settings, sample: int | None = None, force: bool = False) -> Verdict:
    """Measure an adapter beside what is live and install it, with its card, unless a language got worse.

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
    live = installed_adapter(settings)
    others = {"live": live} if live and not filecmp.cmp(live, adapter, shallow=False) else {}
    report = generation.report(settings, sample, {**others, "tuned": adapter})
    before = "live" if others else "base"
    worse = generation.worse(report, before, "tuned")
    verdict = (f"worse in {', '.join(worse)}" if worse else "no language got worse") + f", judged against {before}"
    _write_card(new, adapter, report, verdict + ("; installed by force" if worse and force else ""), sample)
    installed = install(adapter, settings) if force or not worse else None
    return Verdict(report, before, worse, installed)


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
