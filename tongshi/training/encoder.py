"""Fine-tuning of the sentence encoder: `python -m tongshi.training.encoder search|intents`.

LoRA adapters (Hu et al. 2021, arXiv:2106.09685) of multilingual-e5-small learn that texts which belong together lie nearer to each other, in
whatever language either is, than to anything else in the batch. Beside each pair stands a third text, which is the hard case.

- `search`: a question and a passage that answers it, or another question which that passage answers; the third is another passage of the same
  business, or of the same document. From the invented businesses and help centres of data/finetune alone: nothing of the shop.
- `intents`: two wordings of one intent, from data/nlu; the third is of another intent.

The loss is the cross-entropy of van den Oord et al. 2018, arXiv:1807.03748, with every text of the same kind counted as right. What stands in
`tests/` is never read.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.language.e5 import ADAPTER, ADAPTER_CARD, E5, PREFIX, Checkpoint, Tokenizer
from tongshi.language.identify import get_identifier
from tongshi.language.patterns import mask
from tongshi.language.vectors import normalise
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.training.businesses import Business, read
from tongshi.training.centres import Centre, Piece
from tongshi.training.centres import read as read_centres
from tongshi.training.lora import BASE, AdapterModule, fit, inject, lora_tensors, padded, unpadded, write
from tongshi.weights import path_of

_LONGEST = 128
_FOLDER = Path("finetune")
_BESIDE = 0.6


@dataclass(frozen=True)
class Options:
    """What a run is made of.

    Attributes:
        rounds: how often each text is seen, each time beside others.
        batch: pairs a step.
        rate: highest learning rate, reached after `warmup` of all steps, then falling to nothing along a cosine.
        rank, alpha: of the adapter; what it adds is weighed with alpha / rank.
        scale: what cosines are multiplied with.
        questions: for search, share of questions that stand beside another question in place of a passage.
        typos: share of texts that get a slip of the finger each time they are seen.
    """

    rounds: int = 5
    batch: int = 32
    rate: float = 5e-4
    warmup: float = 0.06
    rank: int = 16
    alpha: float = 32.0
    scale: float = 30.0
    questions: float = 0.3
    typos: float = 0.2
    seed: int = 7


@dataclass(frozen=True)
class Example:
    """A text, one that goes with it, and one that does not; `label` and `other_label` number the kinds of the last two."""

    text: str
    right: str
    wrong: str
    label: int
    other_label: int
    language: str


def of_questions(found: Sequence[Business], centres: Sequence[Centre], options: Options) -> list[Example]:
    """All rounds of all questions that a passage answers, shuffled within each round."""
    chance = random.Random(options.seed)
    topics = sorted((business.id, topic) for business in found for topic in business.passages)
    numbers = {topic: number for number, topic in enumerate(topics)}
    of_pieces = {}
    for centre in centres:
        of_pieces |= {piece: len(topics) + len(of_pieces) + place for place, piece in enumerate(dict.fromkeys(centre.pieces))}

    def turn() -> Iterator[Example]:
        for business in found:
            yield from _asked(business, numbers, options, chance)
        for centre in centres:
            yield from _asked_of(centre, of_pieces, options, chance)

    return _rounds(options, chance, turn)


def _asked(business: Business, numbers: dict[tuple[str, str], int], options: Options, chance: random.Random) -> Iterator[Example]:
    likes: dict[str, list[str]] = {}
    for question in business.questions:
        if len(question.rests) == 1:
            likes.setdefault(question.rests[0], []).append(question.ask)
    for question in business.questions:
        if not question.rests or question.kind == "attack":
            continue
        topic = chance.choice(question.rests)
        others = [text for text in likes.get(topic, []) if text != question.ask]
        texts = list(business.passages[topic].values())
        right = chance.choice(others if others and chance.random() < options.questions else texts)
        wrong = chance.choice([one for one in business.passages if one not in question.rests])
        # A follow-up is searched with what was said before it.
        whole = " ".join([*question.before[-2:-1], question.ask])
        yield Example(
            normalise(_slipped(whole, options, chance)),
            normalise(right),
            normalise(chance.choice(list(business.passages[wrong].values()))),
            numbers[business.id, topic],
            numbers[business.id, wrong],
            question.language,
        )


def _asked_of(centre: Centre, numbers: dict[Piece, int], options: Options, chance: random.Random) -> Iterator[Example]:
    for question in centre.questions:
        if not question.right:
            continue
        right = chance.choice(question.right)
        others = [piece for piece in centre.pieces if piece not in question.right]
        # Its neighbours in the article are the hard ones.
        beside = [piece for piece in others if (piece.article, piece.language) == (right.article, right.language)]
        # Of an article in another language nobody has said which passage answers.
        apart = [piece for piece in others if piece.article != right.article]
        wrong = chance.choice(beside if beside and chance.random() < _BESIDE else apart)
        yield Example(
            normalise(_slipped(question.ask, options, chance)),
            normalise(right.text),
            normalise(wrong.text),
            numbers[right],
            numbers[wrong],
            question.language,
        )


def of_wordings(data: Path, options: Options) -> list[Example]:
    """All rounds of all wordings of data/nlu, shuffled within each round."""
    chance = random.Random(options.seed)
    wordings: dict[str, list[tuple[str, str]]] = {}
    for language in LANGUAGES:
        for block in read_yaml(data / "nlu" / f"{language}.yml")["nlu"]:
            lines = block["examples"].splitlines() if "intent" in block else []
            wordings.setdefault(block.get("intent", ""), []).extend(
                (line[2:], language) for line in lines if line.startswith("- ")
            )
    wordings.pop("", None)
    intents = sorted(wordings)

    def turn() -> Iterator[Example]:
        for label, intent in enumerate(intents):
            for text, language in wordings[intent]:
                other = chance.choice([one for one in range(len(intents)) if one != label])
                right, wrong = chance.choice(wordings[intent])[0], chance.choice(wordings[intents[other]])[0]
                texts = (normalise(mask(one)) for one in (_slipped(text, options, chance), right, wrong))
                yield Example(*texts, label, other, language)

    return _rounds(options, chance, turn)


def _rounds(options: Options, chance: random.Random, turn: Callable[[], Iterable[Example]]) -> list[Example]:
    made: list[Example] = []
    for _ in range(options.rounds):
        found = list(turn())
        chance.shuffle(found)
        made += found
    return made


def _slipped(text: str, options: Options, chance: random.Random) -> str:
    return slip(text, chance) if chance.random() < options.typos else text


class TunedE5(AdapterModule):
    """multilingual-e5-small with an adapter that learns, as a module of sentence-transformers."""

    def __init__(self, checkpoint: Checkpoint, options: Options) -> None:
        super().__init__()
        self._words = Tokenizer(checkpoint)
        self.model = E5(checkpoint)
        inject(self.model, options.rank, options.alpha)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Token ids of texts, padded, and where they are no padding."""
        return padded(self._words.encode(PREFIX + text)[:_LONGEST] for text in inputs)

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        # On the CPU the fused attention saves memory, which is not short here, and its backward pass takes twice as long.
        with sdpa_kernel(SDPBackend.MATH):
            return {**features, "sentence_embedding": self.model(unpadded(features))}


class KindLoss(nn.Module):
    """Cross-entropy of a text over all others of its batch, where all of its own kind are right."""

    def __init__(self, model: SentenceTransformer, scale: float) -> None:
        super().__init__()
        self.model = model
        self._scale = scale

    def forward(self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor) -> torch.Tensor:
        """The mean loss.

        Args:
            features: of texts, right ones and wrong ones.
            labels: kinds of the right and the wrong ones, shape (texts, 2).
        """
        texts, *others = (self.model(one)["sentence_embedding"] for one in features)
        logits = self._scale * texts @ torch.cat(others).T
        right = labels[:, :1] == labels.T.reshape(1, -1)
        return (logits.logsumexp(1) - logits.masked_fill(~right, -torch.inf).logsumexp(1)).mean()


def slip(text: str, chance: random.Random) -> str:
    """One slip of the finger in a word of four to fourteen letters: a letter left out, doubled, or swapped with the next.

    Texts whose words are not parted by spaces stay as they are: there one character is often a word.
    """
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if re.fullmatch(r"\w{4,14}", word)]
    if len(words) == 1 or not long:
        return text
    at = chance.choice(long)
    word = words[at]
    place = chance.randrange(1, len(word) - 1)
    slips = (
        word[:place] + word[place + 1 :],
        word[:place] + word[place] + word[place:],
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    )
    return " ".join([*words[:at], chance.choice(slips), *words[at + 1 :]])


def train(task: str, options: Options, settings: Settings, output: Path) -> None:
    """Train an adapter and write it; a run that was stopped goes on from its last checkpoint.

    Args:
        task: `search` or `intents`.
        output: folder for the adapter's files.

    Raises:
        TongshiError: there is nothing to learn from, or the model file is missing.
    """
    if task == "search":
        found = read(settings.data / _FOLDER / "businesses", get_identifier()).businesses
        centres = read_centres(settings.data / _FOLDER / "centres")
        learnt = of_questions(*([one for one in group if one.split == "train"] for group in (found, centres)), options)
    else:
        learnt = of_wordings(settings.data, options)
    if not learnt:
        raise TongshiError(f"There is nothing to learn from in {settings.data}.")
    torch.manual_seed(options.seed)
    module = TunedE5(Checkpoint(path_of(BASE, settings)), options)
    examples = [{**_texts(one), "label": [one.label, one.other_label]} for one in learnt]
    checkpoints = settings.home / "training" / f"encoder-{task}"
    fit(module, examples, lambda model: KindLoss(model, options.scale), options, checkpoints, every=50)
    counts = dict(sorted(Counter(one.language for one in learnt).items()))
    told = {"rank": options.rank, "alpha": options.alpha, "examples": counts, "options": asdict(options)}
    write(output, lora_tensors(module.model), task, _model_card, **told)


def _texts(example: Example) -> dict[str, str]:
    return {"text": example.text, "right": example.right, "wrong": example.wrong}


_LEARNT_FROM = {
    "search": "questions and passages of the invented businesses and help centres in `data/finetune` (split `train`); nothing of the demo shop",
    "intents": "the wordings in `data/nlu`",
}
_MEASURED_BY = {"search": "tongshi evaluate retrieval", "intents": "tongshi evaluate nlu"}


def _model_card(card: dict[str, Any]) -> str:
    languages = ", ".join(f"{language} {count}" for language, count in card["examples"].items())
    options = " ".join(f"--{name} {value:g}" for name, value in card["options"].items())
    return f"""# Encoder adapter: {card["task"]}

A LoRA adapter (rank {card["rank"]}, alpha {card["alpha"]:g}) of multilingual-e5-small (MIT) that brings texts which belong together, together across
languages.

- Base: `{card["base"]}` of `tongshi/weights.yml`, sha256 `{card["base_sha256"]}`.
- Load: `tongshi.language.vectors.get_encoder("{card["task"]}")`; texts go through `normalise` first, and for intents through `mask` before it.
- Files: `{ADAPTER}` (float16: `layers.<n>.<linear>.a|b`), `{ADAPTER_CARD}` (options, counts).
- Trained on: {_LEARNT_FROM[card["task"]]}; all written for this project, nothing of `tests/`. Examples: {languages}.
- Trained with: `python -m tongshi.training.encoder {card["task"]} {options}`.
- Measured by: `{_MEASURED_BY[card["task"]]}`.
- Licence: Apache-2.0, as the project.
"""


def main() -> None:
    """The command line."""
    settings, defaults = get_settings(), Options()
    parser = argparse.ArgumentParser(prog="python -m tongshi.training.encoder", description="Fine-tune the sentence encoder.")
    parser.add_argument("task", choices=sorted(_LEARNT_FROM))
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--output", type=Path, help="folder for the adapter; by default its place among the models")
    arguments = vars(parser.parse_args())
    task, output = arguments.pop("task"), arguments.pop("output")
    train(task, Options(**arguments), settings, output or settings.models / "adapters" / task)


if __name__ == "__main__":
    main()
