"""What the language model is asked, word for word: the one place where a question becomes a prompt, for answering and for training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tongshi.files import read_yaml

PROMPTS = Path(__file__).with_name("prompts.yml")
NO_ANSWER = "NO_ANSWER"
"""What the prompts ask the model to write where the passages do not answer."""
NO = "NO"
"""Its first token, in which the model decides so."""
MOST_PASSAGES = 2
"""Passages a prompt holds: reading them is what an answer's time goes into."""


@cache
def _system_prompts() -> dict[str, str]:
    return read_yaml(PROMPTS)


def system_prompt(shop: str, language: str) -> str:
    """The orders that stand before every question; the same each time, so that they stay in the model's cache."""
    return _system_prompts()[language].format(shop=shop)


def prompt(
    shop: str, language: str, passages: Sequence[str], question: str, problems: Sequence[str] = ()
) -> list[dict[str, str]]:
    """The messages of one request.

    Args:
        shop: whom the assistant speaks for.
        language: that the answer is wanted in.
        passages: what the answer may rest on, best first.
        question: of the customer, see `with_before`.
        problems: what was wrong with the reply before, when it is written again.

    Returns:
        `{"role", "content"}` in order.
    """
    numbered = "\n".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))
    content = f"{numbered}\n\n{question}"
    if problems:
        content += f"\n\n({'; '.join(problems)}: ✗)"
    return [{"role": "system", "content": system_prompt(shop, language)}, {"role": "user", "content": content}]


def with_before(question: str, before: str) -> str:
    """A question that hangs on the one before it, as one."""
    return f"{before} {question}"
