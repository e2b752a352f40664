"""A trained adapter as llama.cpp takes it, its card, and where both are installed."""

from __future__ import annotations

import filecmp
import json
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gguf import MODEL_ARCH, GGUFReader, GGUFType, GGUFWriter, Keys, get_tensor_name_map
from safetensors.numpy import load_file

from tongshi.errors import TongshiError
from tongshi.llm.server import BASE, UNKNOWN_BIAS, adapter_path, is_made_for
from tongshi.settings import Settings

_MODULE = re.compile(r"base_model\.model\.(?P<module>model\.layers\.\d+\..+)\.lora_(?P<side>[AB])\.weight")
_ARCHITECTURE = MODEL_ARCH.QWEN2


def export(adapter: Path, target: Path, base_sha256: str, unknown_bias: float = 0.0) -> Path:
    """Write an adapter of PEFT as GGUF, in float16.

    Args:
        adapter: the folder of `adapter_model.safetensors` and `adapter_config.json`.
        target: the file to write.
        base_sha256: of the base model's file, kept in the adapter, so that it is never laid over another.
        unknown_bias: see `tongshi.llm.server.wishes_to_answer`.

    Raises:
        TongshiError: the adapter holds a tensor that llama.cpp has no name for.
    """
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    tensors = load_file(adapter / "adapter_model.safetensors")
    names = get_tensor_name_map(_ARCHITECTURE, 1 + max(_layer(name) for name in tensors))
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(target, "qwen2")
    writer.add_type(GGUFType.ADAPTER)
    writer.add_string(Keys.Adapter.TYPE, "lora")
    writer.add_float32(Keys.Adapter.LORA_ALPHA, float(config["lora_alpha"]))
    writer.add_string(BASE, base_sha256)
    writer.add_float32(UNKNOWN_BIAS, unknown_bias)
    for name, values in sorted(tensors.items()):
        match = _MODULE.fullmatch(name)
        known = match and names.get_name(match["module"])
        if not known:
            raise TongshiError(f"{adapter} holds {name}, for which llama.cpp has no name.")
        writer.add_tensor(f"{known}.weight.lora_{match['side'].lower()}", values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def describe(path: Path) -> dict[str, Any]:
    """What an adapter's file says of itself, after a look at whether it is whole.

    Returns:
        `alpha`, `rank`, `layers` (numbers of the adapted ones), `tensors`, `base_sha256` and `unknown_bias`.

    Raises:
        TongshiError: it is no adapter, or a half of a pair is missing or does not fit the other.
    """
    reader = GGUFReader(path)

    def field(name: str, default: Any = None) -> Any:
        found = reader.get_field(name)
        return found.contents() if found else default

    if (field(Keys.General.TYPE), field(Keys.Adapter.TYPE)) != ("adapter", "lora"):
        raise TongshiError(f"{path} is no LoRA adapter.")
    shapes = {tensor.name: tuple(int(size) for size in tensor.shape) for tensor in reader.tensors}
    ranks, layers = set(), set()
    for name, shape in shapes.items():
        other = shapes.get(name[:-1] + {"a": "b", "b": "a"}[name[-1]])
        rank = shape[1] if name.endswith("a") else shape[0]
        if other is None or rank != (other[0] if name.endswith("a") else other[1]):
            raise TongshiError(f"{path}: {name} has no counterpart of its rank.")
        ranks.add(rank)
        layers.add(int(name.split(".")[1]))
    return {
        "alpha": field(Keys.Adapter.LORA_ALPHA),
        "rank": max(ranks),
        "layers": sorted(layers),
        "tensors": len(shapes),
        "base_sha256": field(BASE, ""),
        "unknown_bias": field(UNKNOWN_BIAS, 0.0),
    }


def card(run: dict[str, Any], measured: str, verdict: str) -> str:
    """The model card.

    Args:
        run: what `run.json` says.
        measured: a Markdown table, base and the adapter live till then beside the new one, with the command that made it.
        verdict: of the gate.
    """
    data, options = run["data"], run["options"]
    split = data.get("splits", {})
    languages = ", ".join(f"{language} {count}" for language, count in data.get("languages", {}).get("train", {}).items())
    kinds = ", ".join(f"{kind} {count}" for kind, count in data.get("kinds", {}).get("train", {}).items())
    losses = ", ".join(f"{one['loss']:.3f} (step {one['step']})" for one in run["losses"])
    chosen = ", ".join(f"{name} {value}" for name, value in options.items() if name != "minutes")
    took = f"{run['minutes']} minutes" if run["minutes"] else "in several goes"
    bias = (
        f" Logit of the code word for unknown: {run['unknown bias']:+.2f}, learnt on the validation businesses."
        if "unknown bias" in run
        else ""
    )
    return f"""# LoRA adapter of {run["model"]}

For one job: answering a customer from given passages, briefly, in the customer's language, and saying so when they do not hold the answer.

- **Base**: {run["base"]["title"]}{f", sha256 `{run['base']['sha256']}`" if "sha256" in run["base"] else ""}.
- **Licence**: Apache-2.0, as the project.
- **Load**: `tongshi llm serve` lays it over the base by itself; `--no-adapter` leaves it out.

## Data

Written for this project (`data/finetune`, see `docs/finetuning.md`): {data.get("businesses", {}).get("train", "?")} invented businesses for
training, {data.get("businesses", {}).get("validation", "?")} for validation and {data.get("businesses", {}).get("test", "?")} for testing, none
of them seen in training. `tongshi finetune data` assembles {split.get("train", 0):,} training examples ({languages}; {kinds}); digest `{data.get("digest", "?")}`.
This run learnt from {run["learnt"]:,} of them ({run["tokens"]:,} tokens a pass) and validated on {run["validated on"]:,}.

## Settings

{chosen}.

{run["steps"]} steps, {run["epochs"]} epochs, {took} on {run["machine"]}; loss on the answers' tokens alone. Validation loss: {losses}.{bias}

## Figures

{measured}

Gate: {verdict}

## Limits

- It knows the form of the job, not the facts: what passages do not hold it should not say, but nothing guarantees that. Use it behind
  the checks of `tongshi/llm`, as the running system does.
- Twelve languages (ar de en es fr it ja ko pt ru th zh); prompts of `tongshi/llm/prompts.yml` only.
- Attempts to make it break its rules were learnt as written in `data/finetune`; others may succeed.
"""


def install(adapter: Path, settings: Settings) -> Path:
    """Put an adapter, with its card, where the settings' model is served with it. Those that lie there are kept, see `go_back`.

    Returns:
        Where it lies from now on.
    """
    target = adapter_path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    if adapter.resolve() == _previous(target).resolve():
        return go_back(settings)
    if target.exists() and not filecmp.cmp(adapter, target, shallow=False):
        _put(target, _previous(target))
    if adapter.resolve() != target.resolve():
        _put(adapter, target)
    return target


def go_back(settings: Settings) -> Path:
    """Exchange the installed adapter for the one before it, each with its card.

    Returns:
        Where the one before lies from now on.

    Raises:
        TongshiError: there was none, or it was made for another model.
    """
    target = adapter_path(settings)
    previous = _previous(target)
    if not previous.exists():
        raise TongshiError(f"No adapter is kept at {previous}. To go back to the model without any, delete {target}.")
    if not is_made_for(previous, settings.llm):
        raise TongshiError(f"{previous} was made for another model than {settings.llm}.")
    with TemporaryDirectory(dir=target.parent) as folder:
        aside = Path(folder) / target.name
        if target.exists():
            _put(target, aside)
        _put(previous, target)
        _put(aside, previous)
    return target


def _previous(installed: Path) -> Path:
    return installed.with_suffix(".previous.gguf")


def _put(adapter: Path, target: Path) -> None:
    """Copy an adapter and its card, or take both away where there are none. Who reads the target meanwhile finds a whole file."""
    for there, here in ((adapter, target), (adapter.with_suffix(".md"), target.with_suffix(".md"))):
        if there.exists():
            part = here.with_name(f"{here.name}.part")
            shutil.copyfile(there, part)
            part.replace(here)
        else:
            here.unlink(missing_ok=True)


def _layer(name: str) -> int:
    match = _MODULE.fullmatch(name)
    if not match:
        raise TongshiError(f"The adapter holds {name}, for which llama.cpp has no name.")
    return int(match["module"].split(".")[2])
