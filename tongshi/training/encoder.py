"""Fine-tuning of the sentence encoder: `python -m tongshi.training.encoder`.

A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) of multilingual-e5-small learns two tasks at once, so that messages of one intent and
questions that one passage answers come to lie together, whatever their language:

- intents: the wordings of `data/nlu/<language>.yml`;
- topics: the questions of each article in `data/knowledge/<language>` and of each attribute in `data/catalogue/<language>.yml`; beside
  them what is out of scope, and what no article answers (`data/knowledge/<language>/unanswerable.yml`), so that a search can tell.

Each task is a softmax over cosines to one vector a class (as in Wang et al. 2018, arXiv:1801.09414, without its margin). What stands in
`tests/` is never read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import yaml
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from tongshi.errors import TongshiError
from tongshi.language.e5 import (
    ADAPTER,
    ADAPTER_CARD,
    E5,
    LINEARS,
    PREFIX,
    Checkpoint,
    Tokenizer,
    batches,
    has_bfloat16,
)
from tongshi.language.patterns import mask
from tongshi.language.vectors import normalise
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.weights import manifest, path_of

OUT_OF_SCOPE, UNANSWERABLE = "out_of_scope", "unanswerable"
_LONGEST = 64


@dataclass(frozen=True)
class Options:
    """What a run is made of.

    Attributes:
        epochs: passes over all examples.
        batch: texts a step.
        rate: highest learning rate, reached after `warmup` of all steps, then falling to nothing along a cosine.
        rank, alpha: of the adapter; what it adds is weighed with alpha / rank.
        smoothing: of the labels.
        typos: share of texts that get a slip of the finger each time they are seen.
        dropped: share of tokens that are left out each time a text is seen.
        holdout: share of the examples kept back to measure on after every epoch.
    """

    epochs: int = 4
    batch: int = 64
    rate: float = 1e-3
    warmup: float = 0.06
    rank: int = 16
    alpha: float = 32.0
    smoothing: float = 0.1
    typos: float = 0.2
    dropped: float = 0.05
    holdout: float = 0.0
    seed: int = 7


@dataclass(frozen=True)
class Example:
    """A wording with what it teaches: an intent, a topic, or both."""

    text: str
    language: str
    intent: str | None
    topic: str | None


def examples(data: Path, languages: tuple[str, ...] = LANGUAGES) -> list[Example]:
    """All wordings of those languages, as encoders see them, each once.

    Args:
        data: the folder that holds `nlu`, `knowledge` and `catalogue`.
        languages: those without a file are passed over.
    """
    found: dict[tuple[str, str | None], Example] = {}

    def add(text: str, language: str, intent: str | None, topic: str | None) -> None:
        text = normalise(mask(text))
        found.setdefault((text, topic), Example(text, language, intent, topic))

    for language in languages:
        for article in sorted((data / "knowledge" / language).glob("*.md")):
            front = yaml.safe_load(article.read_text("utf-8").split("---\n", 2)[1])
            for question in front["questions"]:
                add(str(question), language, "policy_question", front["id"])
        for attribute, entry in _read(data / "catalogue" / f"{language}.yml").get("attributes", {}).items():
            for question in entry["questions"]:
                add(str(question), language, "product_question", attribute)
        for question in _read(data / "knowledge" / language / "unanswerable.yml").get("questions", []):
            # Without an intent: many of them could as well stand among the wordings of out_of_scope.
            add(str(question), language, None, UNANSWERABLE)
        for block in _read(data / "nlu" / f"{language}.yml").get("nlu", []):
            intent = block.get("intent")
            for line in block["examples"].splitlines() if intent else []:
                if line.startswith("- "):
                    add(line[2:], language, intent, OUT_OF_SCOPE if intent == OUT_OF_SCOPE else None)
    return list(found.values())


def _read(path: Path) -> dict:
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) if path.exists() else {}


class Lora(nn.Module):
    """A frozen linear map, and beside it a trained one of low rank."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(rank, linear.in_features))
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    @property
    def weight(self) -> torch.Tensor:
        return self.linear.weight

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        kind = states.dtype
        inner = functional.linear(states, self.a.to(kind))
        return self.linear(states) + functional.linear(inner, (self.scale * self.b).to(kind))


class Head(nn.Module):
    """Logits of classes: the cosine of a vector to each class's own, times a learned scale."""

    def __init__(self, classes: int, dimensions: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, dimensions))
        self.scale = nn.Parameter(torch.tensor(math.log(20.0)))

    def matrix(self) -> torch.Tensor:
        """What vectors of length one are multiplied with, shape (classes, dimensions)."""
        return self.scale.exp() * functional.normalize(self.centres, dim=-1)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors @ self.matrix().T


class Task:
    """One of the two tasks: its classes, and each example's class, -1 where it teaches none."""

    def __init__(self, labels: list[str | None]) -> None:
        self.classes = sorted({label for label in labels if label})
        numbers = {label: number for number, label in enumerate(self.classes)}
        self.targets = torch.tensor([numbers[label] if label else -1 for label in labels])


class Trainer:
    """One run, from the published model to the adapter's files.

    Args:
        found: what to learn.
        options: how.
        settings: where the model file lies, and the folder for checkpoints.
    """

    def __init__(self, found: list[Example], options: Options, settings: Settings) -> None:
        self.options = options
        random.Random(options.seed).shuffle(found := list(found))
        self.examples = found
        torch.manual_seed(options.seed)
        checkpoint = Checkpoint(path_of("e5-small", settings))
        self.tokenizer = Tokenizer(checkpoint)
        self.model = E5(checkpoint)
        self.tasks = {"intent": Task([one.intent for one in found]), "topic": Task([one.topic for one in found])}
        self.heads = nn.ModuleDict({name: Head(len(task.classes), checkpoint.hidden) for name, task in self.tasks.items()})
        held = int(len(found) * options.holdout)
        self.held, self.learned = list(range(held)), list(range(held, len(found)))
        if has_bfloat16():
            self.model.shorten()
        self._place_centres()
        self._adapt()
        self.parameters = [value for part in (self.model, self.heads) for value in part.parameters() if value.requires_grad]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=options.rate, weight_decay=0.01)
        self.steps = options.epochs * math.ceil(len(self.learned) / options.batch)
        self.step = self.epoch = 0
        self.kept = settings.home / "training" / f"encoder-{self._fingerprint()}.pt"

    def run(self) -> list[dict[str, float]]:
        """Train, going on after the last whole epoch if a run of the same data and options was interrupted.

        Returns:
            Figures of each epoch run here: the loss, and with a holdout the share of right classes a task.
        """
        if self.kept.exists():
            self._resume()
        figures = []
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as bar:
            shown = bar.add_task("encoder", total=self.steps, completed=self.step)
            while self.epoch < self.options.epochs:
                total = count = 0.0
                for batch in self._batches():
                    total += (loss := self._learn(batch))
                    count += 1
                    bar.update(shown, advance=1, description=f"encoder, epoch {self.epoch + 1}, loss {loss:.2f}")
                self.epoch += 1
                self._keep()
                figures.append({"epoch": self.epoch, "loss": total / count, **self._measure()})
                bar.console.print("  ".join(f"{name} {value:.3f}" for name, value in figures[-1].items()))
        return figures

    def save(self, folder: Path) -> None:
        """Write the adapter: its tensors (float16), what they mean, and the model card."""
        tensors = {}
        for number, layer in enumerate(self.model.layers):
            for name in LINEARS:
                tensors[f"layers.{number}.{name}.a"] = getattr(layer, name).a
                tensors[f"layers.{number}.{name}.b"] = getattr(layer, name).b
        for name, head in self.heads.items():
            tensors[f"heads.{name}"] = head.matrix()
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: value.detach().to(torch.float16).contiguous() for name, value in tensors.items()}, folder / ADAPTER)
        base = manifest()["e5-small"]
        card = {
            "base": base.name,
            "base_sha256": base.sha256,
            "rank": self.options.rank,
            "alpha": self.options.alpha,
            "heads": {name: task.classes for name, task in self.tasks.items()},
            "examples": dict(sorted(Counter(one.language for one in self.examples).items())),
            "options": asdict(self.options),
        }
        (folder / ADAPTER_CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
        (folder / "README.md").write_text(_model_card(card), "utf-8")

    def _fingerprint(self) -> str:
        content = json.dumps([asdict(self.options), [asdict(one) for one in self.examples]])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def _adapt(self) -> None:
        for layer in self.model.layers:
            for name in LINEARS:
                setattr(layer, name, Lora(getattr(layer, name), self.options.rank, self.options.alpha))

    def _place_centres(self) -> None:
        """Start each class where the published model puts its wordings: from there less has to move than from anywhere."""
        chosen = self.learned[:5000]
        vectors = self._vectors(chosen)
        vectors -= vectors.mean(0)
        for name, task in self.tasks.items():
            targets = task.targets[chosen]
            for number in range(len(task.classes)):
                if (members := vectors[targets == number]).shape[0]:
                    self.heads[name].centres.data[number] = functional.normalize(members.mean(0), dim=0)

    def _vectors(self, chosen: list[int]) -> torch.Tensor:
        rows = [self.tokenizer.encode(PREFIX + self.examples[index].text)[:_LONGEST] for index in chosen]
        vectors = torch.zeros(len(rows), self.model.dimensions)
        with torch.no_grad():
            for batch in batches([len(row) for row in rows]):
                vectors[batch] = self.model([rows[i] for i in batch])
        return vectors

    def _batches(self) -> Iterator[list[int]]:
        """This epoch's batches, in the same order whenever it is run; texts of like length together."""
        chance, size = random.Random(f"{self.options.seed}/{self.epoch}"), self.options.batch
        order = self.learned.copy()
        chance.shuffle(order)
        found = []
        for start in range(0, len(order), 20 * size):
            # The batches of a stretch are sorted by length, not those of the epoch: else the same texts would always meet.
            stretch = sorted(order[start : start + 20 * size], key=lambda index: len(self.examples[index].text.encode()))
            found += [stretch[at : at + size] for at in range(0, len(stretch), size)]
        chance.shuffle(found)
        yield from found

    def _learn(self, batch: list[int]) -> float:
        chance = random.Random(f"{self.options.seed}/{self.epoch}/{batch[0]}")
        # On the CPU the fused attention saves memory, which is not short here, and its backward pass takes twice as long.
        with sdpa_kernel(SDPBackend.MATH):
            vectors = self.model([self._seen(self.examples[index], chance) for index in batch])
        loss = torch.zeros(())
        for name, task in self.tasks.items():
            targets = task.targets[batch]
            if (taught := targets >= 0).any():
                logits = self.heads[name](vectors[taught])
                share = taught.float().mean()
                loss = loss + share * functional.cross_entropy(logits, targets[taught], label_smoothing=self.options.smoothing)
        for group in self.optimiser.param_groups:
            group["lr"] = self.options.rate * self._pace()
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def _pace(self) -> float:
        warmup = max(1, int(self.options.warmup * self.steps))
        if self.step < warmup:
            return (self.step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (self.step - warmup) / max(1, self.steps - warmup)))

    def _seen(self, example: Example, chance: random.Random) -> list[int]:
        text = slip(example.text, chance) if chance.random() < self.options.typos else example.text
        begin, *ids, end = self.tokenizer.encode(PREFIX + text)[:_LONGEST]
        # The first two tokens are the prefix.
        kept = [index for at, index in enumerate(ids) if at < 2 or len(ids) < 8 or chance.random() >= self.options.dropped]
        return [begin, *kept, end]

    def _measure(self) -> dict[str, float]:
        if not self.held:
            return {}
        vectors = self._vectors(self.held)
        figures = {}
        for name, task in self.tasks.items():
            targets = task.targets[self.held]
            with torch.no_grad():
                right = self.heads[name](vectors).argmax(-1) == targets
            figures[name] = float(right[targets >= 0].float().mean())
        return figures

    def _keep(self) -> None:
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        trained = [value.detach() for value in self.parameters]
        state = {"epoch": self.epoch, "step": self.step, "trained": trained, "optimiser": self.optimiser.state_dict()}
        partial = self.kept.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.kept)

    def _resume(self) -> None:
        state = torch.load(self.kept)
        self.epoch, self.step = state["epoch"], state["step"]
        for value, kept in zip(self.parameters, state["trained"]):
            value.data.copy_(kept)
        self.optimiser.load_state_dict(state["optimiser"])


def slip(text: str, chance: random.Random) -> str:
    """One slip of the finger in a word of four letters or more: a letter left out, doubled, or swapped with the next.

    Texts whose words are not parted by spaces stay as they are: there one character is often a word.
    """
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if 4 <= len(word) <= 14]
    if len(words) == 1 or not long:
        return text
    at = chance.choice(long)
    word = words[at]
    place = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        word = word[:place] + word[place + 1 :]
    elif kind == 1:
        word = word[:place] + word[place] + word[place:]
    else:
        word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join([*words[:at], word, *words[at + 1 :]])


def _model_card(card: dict) -> str:
    languages = ", ".join(f"{language} {count}" for language, count in card["examples"].items())
    options = card["options"]
    return f"""# Encoder adapter

A LoRA adapter (rank {card["rank"]}, alpha {card["alpha"]:g}) of multilingual-e5-small (MIT) that brings messages of one intent, and questions
that one passage answers, together across languages.

- Base: `{card["base"]}` of `tongshi/weights.yml`, sha256 `{card["base_sha256"]}`.
- Load: `tongshi.language.vectors.get_encoder("tuned")`; texts go through `normalise(mask(text))` first.
- Files: `{ADAPTER}` (float16: `layers.<n>.<linear>.a|b`, and `heads.<task>`, the classes' vectors times the softmax's scale),
  `{ADAPTER_CARD}` (classes of both heads in order, options, counts).
- Trained on: the wordings in `data/nlu`, the questions of `data/knowledge` and `data/catalogue`, all written for this project
  ({languages}); {len(card["heads"]["intent"])} intents, {len(card["heads"]["topic"])} topics. Nothing of `tests/`.
- Trained with: `python -m tongshi.training.encoder --epochs {options["epochs"]} --batch {options["batch"]} --rate {options["rate"]:g}`, seed {options["seed"]}.
- Licence: Apache-2.0, as the project.
"""


def train(options: Options, settings: Settings, output: Path, languages: tuple[str, ...] = LANGUAGES) -> list[dict[str, float]]:
    """Train an adapter on the project's data and write it.

    Args:
        options: of the run.
        settings: where data and the model file lie.
        output: folder for the adapter's files.
        languages: of the examples.

    Returns:
        Figures of each epoch, see `Trainer.run`.

    Raises:
        TongshiError: there is nothing to learn from, or the model file is missing.
    """
    found = examples(settings.data, languages)
    if not found:
        raise TongshiError(f"There are no wordings of {', '.join(languages)} in {settings.data}.")
    trainer = Trainer(found, options, settings)
    figures = trainer.run()
    trainer.save(output)
    return figures


def main() -> None:
    """The command line."""
    settings, defaults = get_settings(), Options()
    parser = argparse.ArgumentParser(prog="python -m tongshi.training.encoder", description="Fine-tune the sentence encoder.")
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    parser.add_argument("--output", type=Path, default=settings.models / "adapters" / "encoder")
    arguments = vars(parser.parse_args())
    output, languages = arguments.pop("output"), tuple(arguments.pop("languages"))
    train(Options(**arguments), settings, output, languages)


if __name__ == "__main__":
    main()
