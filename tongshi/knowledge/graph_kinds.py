"""The kinds of relation that the graph knows: between which kinds of entity, with which figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import regex

from tongshi.errors import TongshiError
from tongshi.language.text import fold_digits
from tongshi.storage.graph import Edge
from tongshi.storage.models import Relation

COUNT, AMOUNT, TIME = "count", "amount", "time"
"""What a figure is: a whole number; money, as text; a time of day, as text."""

POLICY = "policy"
"""Kind of entity that an article is for what it says."""

_TIME = regex.compile(r"(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])")
_NUMBER = regex.compile(r"(?<![\p{Latin}\p{Cyrillic}\d.,:])\d+(?:[.,]\d+)*(?![\d:])")
_COUNT = regex.compile(r"[1-9][0-9]{0,5}")
_AMOUNT = regex.compile(r"[0-9]{1,6}([.,][0-9]{1,2})?")
_GROUPS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")


@dataclass(frozen=True)
class RelationKind:
    """A kind of relation.

    Attributes:
        subjects, objects: kinds of entity at either end.
        figures: names of its figures, with what each is.
        mutual: whether it holds the other way round as well.
    """

    subjects: frozenset[str]
    objects: frozenset[str]
    figures: Mapping[str, str] = field(default_factory=dict)
    mutual: bool = False

    def holds_between(self, subject: str, object_: str) -> bool:
        """Whether entities, as `kind:name`, are of the right kinds."""
        ends = (subject.partition(":")[0], object_.partition(":")[0])
        return subject != object_ and ends[0] in self.subjects and ends[1] in self.objects


def _kind(subjects: str, objects: str, mutual: bool = False, **figures: str) -> RelationKind:
    return RelationKind(frozenset(subjects.split()), frozenset(objects.split()), figures, mutual)


KINDS = {
    "is_a": _kind("product", "kind category"),
    "has_plug": _kind("product", "plug"),
    "comes_in": _kind("product", "colour"),
    "compatible_with": _kind("product", "product", mutual=True),
    "has": _kind("product", "part", wh=AMOUNT),
    "rated": _kind("product", "rating"),
    "marked": _kind("product", "mark"),
    "in_region": _kind("country", "region"),
    "used_in": _kind("plug", "country"),
    "delivers_in": _kind("carrier", "country"),
    "warranty": _kind("product kind part", "policy", months=COUNT),
    "covers_water_from": _kind("rating", "policy"),
    "return_within": _kind("product kind", "policy", days=COUNT),
    "never_returned": _kind("mark", "policy"),
    "returned_sealed": _kind("mark", "policy"),
    "ships_to": _kind("policy", "region country", price=AMOUNT, least=COUNT, most=COUNT),
    "free_from": _kind("policy", "region country", price=AMOUNT),
    "reaches": _kind("policy", "region", countries=COUNT),
    "costs": _kind("policy", "kind", price=AMOUNT),
    "next_day_in": _kind("policy", "country", before=TIME),
    "duties_by_recipient": _kind("region country", "policy"),
    "duties_paid": _kind("country region", "policy"),
    "accepted": _kind("payment", "policy"),
    "refused": _kind("payment", "policy"),
    "instalments": _kind("payment", "policy", price=AMOUNT, count=COUNT),
    "flies_up_to": _kind("kind", "policy", wh=COUNT),
}
"""All relations of the catalogue, of data/knowledge/graph, of orders and of articles are of one of these kinds, by name."""


_EITHER_OR = {"duties_paid": "duties", "duties_by_recipient": "duties", "accepted": "paying", "refused": "paying"}
"""Relations of which only one of a group holds between the same two."""


def sense(edge: Edge | Relation) -> tuple[object, ...]:
    """What a relation says, whichever end comes first and whichever article says so: equal for two that a person need not decide upon twice."""
    ends = [f"{POLICY}:" if end.startswith(f"{POLICY}:") else end for end in (edge.subject, edge.object)]
    if edge.name in KINDS and KINDS[edge.name].mutual:
        ends.sort()
    return edge.name, *ends, tuple(sorted((name, str(value)) for name, value in (edge.figures or {}).items()))


def contradict(one: Edge | Relation, other: Edge | Relation) -> bool:
    """Whether at most one of two relations can hold: the same with other figures, duties paid and to be paid."""
    (name, *ends, figures), (its_name, *its_ends, its_figures) = sense(one), sense(other)
    if ends != its_ends:
        return False
    if name == its_name:
        return figures != its_figures
    return name in _EITHER_OR and _EITHER_OR[name] == _EITHER_OR.get(its_name)


def checked(edge: Edge) -> Edge:
    """A relation as a person writes it, in the form in which it is kept; an end that can be of one kind only may be written without it.

    Raises:
        TongshiError: there is no such kind of relation, its ends are of other kinds, or a figure is missing, too much or none.
    """
    if edge.name not in KINDS:
        raise TongshiError(f"There is no kind of relation {edge.name!r}; there are {', '.join(KINDS)}.")
    kind = KINDS[edge.name]
    edge = replace(edge, subject=_with_kind(edge.subject, kind.subjects), object=_with_kind(edge.object, kind.objects))
    if not kind.holds_between(edge.subject, edge.object):
        ends = " to ".join(" or ".join(sorted(one)) for one in (kind.subjects, kind.objects))
        raise TongshiError(f"{edge.name} relates {ends}, each written as in `product:MER-CH-065`.")
    if set(edge.figures) != set(kind.figures):
        raise TongshiError(f"{edge.name} has {'the figures ' + ', '.join(kind.figures) if kind.figures else 'no figures'}.")
    figures = {name: _figure(name, type_, edge.figures[name]) for name, type_ in kind.figures.items()}
    return replace(edge, figures=figures)


def _with_kind(entity: str, kinds: frozenset[str]) -> str:
    return f"{next(iter(kinds))}:{entity}" if entity and ":" not in entity and len(kinds) == 1 else entity


def _figure(name: str, type_: str, said: object) -> int | str:
    text = fold_digits(str(said)).strip()
    if type_ == TIME:
        if _TIME.fullmatch(text):
            return text
        raise TongshiError(f"{name} must be a time of day such as 14:00.")
    if not (_COUNT if type_ == COUNT else _AMOUNT).fullmatch(text):
        raise TongshiError(f"{name} must be {'a whole number such as 24' if type_ == COUNT else 'an amount such as 4.90'}.")
    return int(text) if type_ == COUNT else text.replace(",", ".")


def figures_in(text: str) -> dict[str, dict[str, int | str]]:
    """The figures of a text: for each kind of them the values, by how the text writes them; digits of any script count.

    "4,90" and "4.90" are an amount, "1.000" and "1,000" a thousand.
    """
    folded = fold_digits(text).replace("٫", ".")
    found: dict[str, dict[str, int | str]] = {COUNT: {}, AMOUNT: {}, TIME: {one: one for one in _TIME.findall(folded)}}
    for number in _NUMBER.findall(_TIME.sub(" ", folded)):
        value = _value(number)
        if value is None:
            continue
        found[AMOUNT][number] = f"{value:f}"
        if value == value.to_integral_value():
            found[COUNT][number] = int(value)
    return found


def _value(number: str) -> Decimal | None:
    """A number as it is written; None where its marks can be read in two ways."""
    if _GROUPS.fullmatch(number):
        return Decimal(regex.sub(r"[.,]", "", number))
    whole, *rest = regex.split(r"[.,]", number)
    if len(rest) > 1:
        return None
    return Decimal(f"{whole}.{rest[0]}") if rest else Decimal(whole)
