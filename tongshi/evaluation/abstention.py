"""How readily a fine-tuned model is to say that it does not know, learnt on the validation businesses.

"I don't know" is one code word, while an answer may begin with many words that share the probability among them. Greedy writing therefore says
the former where the model holds the latter likelier. What separates questions that the passages answer from those that they do not is by
how much the code word's logit exceeds the likeliest other one; the bias puts the border between both where it errs least.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
from rich.progress import track

from tongshi.evaluation.generation import serving
from tongshi.evaluation.running import free_port
from tongshi.llm.client import ChatClient
from tongshi.llm.prompting import NO
from tongshi.settings import Settings
from tongshi.training.examples import Example, load

_ANSWERED, _UNKNOWN = 3, 2
"""Questions of each sort that are asked in each language."""
_LIKELIEST = 8
_FAR = 12.0
"""Logits below the likeliest word at which the code word is taken to be where it is not among the likeliest."""
_SEED = 3


def learn(settings: Settings, adapter: Path) -> float:
    """What to add to the logit of `prompting.NO`, with an adapter laid over the settings' model.

    Raises:
        TongshiError: the examples have not been made, or the model does not start.
    """
    here = replace(settings, llm_port=free_port())
    examples = _chosen(load(settings.models / "finetune", "validation"))
    with serving(here, adapter, ChatClient(here.llm_address, here.llm)):
        margins = [_margin(here.llm_address, one) for one in track(examples, "abstention", transient=True)]
    answered = [margin for one, margin in zip(examples, margins) if one.kind != "unknown"]
    unknown = [margin for one, margin in zip(examples, margins) if one.kind == "unknown"]
    return -border(answered, unknown)


def border(answered: Sequence[float], unknown: Sequence[float]) -> float:
    """The margin between two sorts of questions at which the mean of their shares of errors is least.

    Args:
        answered: margins of the code word where the passages answer.
        unknown: where they do not.
    """
    places = sorted({*answered, *unknown})
    middles = [(one + other) / 2 for one, other in zip(places, places[1:])] or places

    def errors(middle: float) -> float:
        return sum(one >= middle for one in answered) / len(answered) + sum(one < middle for one in unknown) / len(unknown)

    return min(middles, key=errors)


def _chosen(examples: Sequence[Example]) -> list[Example]:
    """As many of each sort in each language, the same each time."""
    order = [one for one in examples if one.kind != "attack"]
    random.Random(_SEED).shuffle(order)
    left = Counter({(language, True): _UNKNOWN for language in {one.language for one in order}})
    left.update({(language, False): _ANSWERED for language in {one.language for one in order}})
    found = []
    for one in order:
        if left[sort := (one.language, one.kind == "unknown")]:
            left[sort] -= 1
            found.append(one)
    return found


def _margin(address: str, example: Example) -> float:
    """By how much the code word's logit exceeds the likeliest other first word's."""
    body = {"messages": example.messages, "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": _LIKELIEST}
    reply = httpx.post(f"{address}/chat/completions", json=body, timeout=600).raise_for_status().json()
    if not (told := (reply["choices"][0].get("logprobs") or {}).get("content")):
        return -_FAR  # half a character, of which the server tells nothing: an answer in another script
    first = {one["token"]: one["logprob"] for one in told[0]["top_logprobs"]}
    best = max(value for token, value in first.items() if token != NO)
    return first.get(NO, best - _FAR) - best
