"""Markdown, as answers and articles use it, in the markup of each platform; and long texts in pieces."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

_ADDRESS = regex.compile(r"(?:https?://|mailto:|tel:)\S+\Z", regex.I)
_BLANK_LINES = regex.compile(r"\n{3,}")
_SEAMS = (
    regex.compile(r"\n\s*\n"),
    regex.compile(r"\n"),
    regex.compile(r"(?<=[.!?…])\s+|(?<=[。！？؟])\s*"),
    regex.compile(r"\s+"),
)
"""Where a text is best cut, best first: between paragraphs, lines, sentences, words."""


@dataclass(frozen=True)
class Markup:
    """How a platform writes what Markdown can say.

    Attributes:
        escape: makes plain text safe.
        bold, italic, strike, code, pre: what stands before and after.
        link: from address and label, both safe already.
    """

    escape: Callable[[str], str]
    bold: tuple[str, str]
    italic: tuple[str, str]
    strike: tuple[str, str]
    code: tuple[str, str]
    pre: tuple[str, str]
    link: Callable[[str, str], str]

    def __call__(self, text: str) -> str:
        """The Markdown text in this markup; line breaks stay as they are."""
        return _BLANK_LINES.sub("\n\n", "".join(_blocks(_parser().parse(text), self))).strip()


def _slack_escape(text: str) -> str:
    return html.escape(text, quote=False)


def _label_and_address(address: str, label: str) -> str:
    return label if label == address else f"{label} ({address})"


PLAIN = Markup(
    escape=str,
    bold=("", ""),
    italic=("", ""),
    strike=("", ""),
    code=("", ""),
    pre=("", ""),
    link=_label_and_address,
)
SLACK = Markup(
    escape=_slack_escape,
    bold=("*", "*"),
    italic=("_", "_"),
    strike=("~", "~"),
    code=("`", "`"),
    pre=("```\n", "```"),
    link=lambda address, label: f"<{address.replace('|', '%7C')}|{label}>",
)
TELEGRAM = Markup(
    escape=html.escape,
    bold=("<b>", "</b>"),
    italic=("<i>", "</i>"),
    strike=("<s>", "</s>"),
    code=("<code>", "</code>"),
    pre=("<pre>", "</pre>"),
    link=lambda address, label: f'<a href="{address}">{label}</a>',
)
WHATSAPP = replace(SLACK, escape=str, link=_label_and_address)


def split(text: str, fits: Callable[[str], bool]) -> list[str]:
    """A text in pieces that fit, each as long as it can be, cut where it hurts least.

    Args:
        text: Markdown.
        fits: whether a piece is short enough for the platform.
    """
    pieces = []
    rest = text.strip()
    while rest:
        cut = len(rest) if fits(rest) else _cut(rest, fits)
        pieces.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return pieces


def _cut(text: str, fits: Callable[[str], bool]) -> int:
    """How much of a text that does not fit is taken: up to the last seam of the best kind that leaves no tiny piece."""
    longest = _longest(text, fits)
    for seam in _SEAMS:
        ends = [match.start() for match in seam.finditer(text, 0, longest + 1) if longest // 4 < match.start() <= longest]
        if ends:
            return ends[-1]
    # Not within what a reader sees as one character.
    graphemes = [match.end() for match in regex.finditer(r"\X", text[:longest])]
    return graphemes[-2] if len(graphemes) > 1 else longest


def _longest(text: str, fits: Callable[[str], bool]) -> int:
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return low


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # No headings by underlining, no code by indenting, no quotes: in chat, dashes, spaces and > at the start of a line are themselves.
    return (
        MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable(["code", "lheading", "reference", "blockquote"])
    )


def _blocks(tokens: list[Token], markup: Markup) -> Iterator[str]:
    numbers: list[int | None] = []
    for token in tokens:
        if token.type == "inline":
            yield _inline(token.children or [], markup)
        elif token.type in ("fence", "code_block"):
            yield markup.pre[0] + markup.escape(token.content) + markup.pre[1] + "\n\n"
        elif token.type == "hr":
            yield "———\n\n"
        elif token.type in ("heading_open", "heading_close"):
            yield markup.bold[0] if token.nesting == 1 else markup.bold[1] + "\n\n"
        elif token.type == "paragraph_close":
            yield "\n" if token.hidden else "\n\n"
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            numbers.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
            yield "" if numbers else "\n"
        elif token.type == "list_item_open":
            yield "   " * (len(numbers) - 1) + ("• " if numbers[-1] is None else f"{numbers[-1]}. ")
            numbers[-1] = None if numbers[-1] is None else numbers[-1] + 1


_SPANS = {"strong": "bold", "em": "italic", "s": "strike"}


def _inline(tokens: list[Token], markup: Markup) -> str:
    written: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind in _SPANS:
            written.append(getattr(markup, _SPANS[kind])[0 if token.nesting == 1 else 1])
        elif token.type == "link_open":
            links.append((str(token.attrGet("href") or ""), len(written)))
        elif token.type == "link_close":
            address, start = links.pop()
            label = "".join(written[start:])
            del written[start:]
            written.append(markup.link(markup.escape(address), label) if _ADDRESS.match(address) else label)
        elif token.type in ("softbreak", "hardbreak"):
            written.append("\n")
        elif token.type == "code_inline":
            written.append(markup.code[0] + markup.escape(token.content) + markup.code[1])
        else:
            written.append(markup.escape(token.content))
    return "".join(written)
