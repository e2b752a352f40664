"""`tongshi finetune`: data, training and the gate of the language model's adapter."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tongshi.cli_base import Json, console, print_json
from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, get_settings

_RESTART = "What runs goes on as it was loaded: end `tongshi up` (or `make run`) and start it again."

finetune = typer.Typer(no_args_is_help=True, help="Fine-tuning of the language model.")


@finetune.command("data")
def finetune_data(
    seed: Annotated[int, typer.Option(help="Which examples are drawn; the same seed draws the same.")] = 7,
    collected: Annotated[bool, typer.Option(help="With approved and helpful answers of the database.")] = True,
    as_json: Json = False,
) -> None:
    """Assemble examples from data/finetune and from approved answers; writes models/finetune/*.jsonl."""
    from tongshi.language.identify import get_identifier
    from tongshi.storage.database import get_database
    from tongshi.training.businesses import read
    from tongshi.training.collected import collect
    from tongshi.training.examples import Assembler, save

    settings = get_settings()
    folder = settings.data / "finetune"
    identify = get_identifier()
    reading = read(folder / "businesses", identify)
    joining = []
    if collected:
        database = get_database()
        database.upgrade()
        joining = collect(settings, database, identify, reading)
    examples = Assembler(reading.businesses, seed).assemble() + joining
    counts = save(examples, settings.models / "finetune")
    left_out = [{"what": what, "why": why} for what, why in reading.left_out]
    if as_json:
        return print_json({**counts, "left_out": left_out})
    for one in left_out:
        console.print(f"[yellow]left out: {one['what']}: {one['why']}[/yellow]", soft_wrap=True)
    console.print(_counts(examples))
    console.print(", ".join(f"{split} {count}" for split, count in counts["splits"].items()), f"digest {counts['digest']}")


def _counts(examples: list) -> Table:
    """Training examples, one row a language: first by kind of question, then by how they were made."""
    from tongshi.training.businesses import KINDS
    from tongshi.training.examples import CASES

    learnt = [one for one in examples if one.split == "train"]
    counts = Counter((one.language, what) for one in learnt for what in (one.kind, one.case, "all"))
    table = Table("", *KINDS, *CASES, "all", title="Training examples", padding=(0, 0))
    for language in LANGUAGES:
        table.add_row(language, *(str(counts[language, what]) for what in (*KINDS, *CASES, "all")))
    return table


@finetune.command("run")
def finetune_run(
    model: Annotated[str | None, typer.Option(help="Entry of the manifest or name on the hub; the settings' model.")] = None,
    small: Annotated[
        bool, typer.Option("--small", help="For two CPU cores: fewer, shorter examples, upper layers only.")
    ] = False,
    examples: Annotated[int | None, typer.Option(help="Most examples to learn from.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over all examples.")] = None,
    batch: Annotated[int | None, typer.Option(help="Examples a forward pass.")] = None,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    every: Annotated[int | None, typer.Option(help="Steps between two validations and checkpoints.")] = None,
    minutes: Annotated[float, typer.Option(help="End after so long, at a checkpoint; the same command goes on. 0: never.")] = 0,
    as_json: Json = False,
) -> None:
    """Train a LoRA adapter on what `tongshi finetune data` wrote; an interrupted run goes on where it stopped.

    On several GPUs: `accelerate launch -m tongshi.cli finetune run`, with the same options.
    """
    from tongshi.evaluation.gate import export_run
    from tongshi.training.finetune import DEFAULT, SMALL, run
    from tongshi.weights import manifest

    settings = get_settings()
    chosen = {"examples": examples, "epochs": epochs, "batch": batch, "rate": rate, "every": every, "minutes": minutes}
    given = {name: value for name, value in chosen.items() if value is not None}
    model = model or settings.llm
    folder = run(model, replace(SMALL if small else DEFAULT, **given), settings.models / "finetune", settings)
    if folder is None:
        return  # the process of the first GPU goes on
    told: dict[str, Any] = {"run": str(folder)}
    if model in manifest():
        told["adapter"] = str(export_run(folder))
    if as_json:
        return print_json(told)
    console.print(f"The run is in {folder}.", soft_wrap=True)
    if "adapter" in told:
        console.print(f"Measure and install it: tongshi finetune gate {folder}", soft_wrap=True)


@finetune.command("gate")
def finetune_gate(
    new: Annotated[Path, typer.Argument(help="The folder of a run, or an adapter's GGUF file.")],
    sample: Annotated[int | None, typer.Option(help="Items a language; all by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Install it though a language got worse.")] = False,
    as_json: Json = False,
) -> None:
    """Measure an adapter beside its base and the adapter that is live, and install it unless a language got worse than now."""
    from tongshi.evaluation.gate import pass_through

    if not new.exists():
        raise TongshiError(f"There is nothing at {new}.")
    verdict = pass_through(new, get_settings(), sample, force)
    if as_json:
        print_json(
            {
                **verdict.report.as_dict(),
                "before": verdict.before,
                "worse": verdict.worse,
                "installed": str(verdict.installed or ""),
            }
        )
    else:
        console.print(verdict.report.table())
        console.print(f"Worse than {verdict.before}: {', '.join(verdict.worse) or 'no language'}.")
        console.print(f"Installed: {verdict.installed}. {_RESTART}" if verdict.installed else "Not installed.", soft_wrap=True)
    if not verdict.installed:
        raise typer.Exit(1)


@finetune.command("back")
def finetune_back(as_json: Json = False) -> None:
    """Exchange the installed adapter for the one before it; once more, and it is back."""
    from tongshi.training.adapter import go_back

    installed = go_back(get_settings())
    if as_json:
        return print_json({"installed": str(installed)})
    console.print(f"Installed: {installed}, as it was before. {_RESTART}", soft_wrap=True)
