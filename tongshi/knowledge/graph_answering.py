"""From a question that was read to what the relations say: find the products that meet its conditions, then say what was asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tongshi.commerce.catalogue import skus_of
from tongshi.knowledge.graph_facts import Facts, GraphPassage, Missing, spelled
from tongshi.knowledge.graph_reading import Cue, Mention, Question
from tongshi.knowledge.products import PREFIX, ProductFacts
from tongshi.language import formats
from tongshi.storage.models import Product, Relation

ANYTHING = "kind:product"
_MOST = 4
_FEW = 3
_CATALOGUE_RELATIONS = {
    "price": (),
    "stock": (),
    "colours": ("comes_in",),
    "battery": ("has",),
    "plug": ("has_plug",),
    "fits": ("compatible_with",),
    "final_sale": ("marked",),
}
"""Attributes of a product that are said in the catalogue's own sentences, with the relations that they rest on."""


_TAKES_IN = {"instalments": ("pay",), "express": ("ship",), "carrier": ("ship",), "flight": ("battery",)}
"""Relations whose words stand in questions for another that says more."""


@dataclass(frozen=True)
class Said:
    """A sentence, the relations it rests on, and the articles to cite for it."""

    text: str
    path: tuple[Relation, ...] = ()
    citations: tuple[str, ...] = ()


Condition = Callable[[Product], tuple[bool, Said]]
"""Whether a product meets a condition, and the sentence that says so or says what holds instead."""


class Solver:
    """Answers one question.

    Whatever the question names or asks for must have had a part in the answer; what is left over means that it was not understood, and
    nothing is said.

    Args:
        facts: what is known.
        question: as it was read.
        products: the catalogue as it is now.
        sentences: puts attributes of products into words.
        texts: sentences of the language for all else.
        language: of the answer.
    """

    def __init__(
        self,
        facts: Facts,
        question: Question,
        products: Sequence[Product],
        sentences: ProductFacts,
        texts: dict[str, str],
        language: str,
    ) -> None:
        self._facts = facts
        self._question = question
        self._products = {product.sku: product for product in products}
        self._catalogue = list(products)
        self._sentences = sentences
        self._texts = texts
        self._language = language
        self._unused: set[Mention | Cue] = {*question.mentions, *question.cues}
        self._hops = 0

    def passage(self) -> GraphPassage | None:
        """The answer; None where one relation is enough for it.

        Raises:
            Missing: something that it needs is not known or was not understood.
        """
        targets, objects, open_choice = self._parts()
        conditions = self._conditions(targets, objects, open_choice)
        found, said = self._narrowed(targets, conditions, open_choice)
        if conditions and open_choice and len(targets) > 1:
            self._hops += 1
        about = self._attributes(targets, objects)
        if not found:
            # Nothing meets the conditions, so nothing is left of which anything could be asked.
            self._unused = {one for one in self._unused if isinstance(one, Mention)}
        for owner, relation in about if found else ():
            for product in objects if owner is objects else found:
                said += self._attribute(relation, product)
        if open_choice and conditions:
            said += [self._plain("stock", product) for product in found if not product.stock]
        if self._unused or not said:
            raise Missing(", ".join(getattr(one, "entity", None) or one.relation for one in self._unused) or "anything to say")
        return self._passage(said) if self._hops >= 2 else None

    # Who is spoken of

    def _parts(self) -> tuple[list[Product], list[Product], bool]:
        """The products that are asked about, those they must go with, and whether the first are a choice to be made."""
        mentions = [one for one in self._question.of("product", "kind") if one.entity != ANYTHING]
        anything = [one for one in self._question.of("kind") if one.entity == ANYTHING]
        accessories = [one for one in mentions if all(self._facts.to(f"product:{sku}", "compatible_with") for sku in _skus(one))]
        # Beside a name a kind only says what the name is of, even where its word has a second sense: سماعة تايد is the Tide speaker.
        names = [one for one in mentions if one.kind == "product"]
        others = [
            one for one in mentions if one not in accessories and (one in names or not any(_adjoin(one, name) for name in names))
        ]
        fits = "fits" in self._question.relations
        self._unused -= {*mentions, *anything}
        choice = any(one.kind == "kind" for one in accessories)
        # "a charger for my Book 14 in Japan" says without a verb that they must go together; "a charger for my Book 14" says too little.
        placed = self._question.of("country", "plug") or "cheapest" in self._question.relations
        paired = bool(accessories and others) and bool(fits or (choice and placed))
        if choice and others and not paired:
            raise Missing("how these products belong together")
        if paired:
            targets, objects = accessories, others
        elif fits and anything and others:
            return [one for one in self._catalogue if one.compatible_with], self._named(others), True
        else:
            targets, objects = [*accessories, *others], []
        open_choice = any(one.kind == "kind" for one in targets) or not targets
        return self._named(targets, broad=True) if targets else self._catalogue, self._named(objects), open_choice

    def _named(self, mentions: Sequence[Mention], *, broad: bool = False) -> list[Product]:
        """The products that mentions mean; one each unless a broad sense is allowed.

        Raises:
            Missing: a mention means no product that is sold, or several.
        """
        named: list[Product] = []
        for mention in mentions:
            skus = [sku for sku in _skus(mention, broad=broad) if sku in self._products and f"product:{sku}" in self._facts]
            if not skus or (len(skus) > 1 and not broad):
                raise Missing(mention.entity)
            named += [self._products[sku] for sku in skus if self._products[sku] not in named]
        return named

    # What they must meet

    def _conditions(self, targets: Sequence[Product], objects: Sequence[Product], open_choice: bool) -> list[Condition]:
        relations = self._question.relations
        conditions: list[Condition] = [self._goes_with(other) for other in objects]
        if objects:
            self._use("fits")
            self._hops += 1
        for country in self._question.of("country"):
            sent = relations & {"ship", "express", "duties", "carrier"}
            if "plug" in relations or (not sent and (objects or "fits" in relations)):
                conditions.append(self._used_in(country.name))
                self._use("fits", "plug", country, hops=2)
        for plug in self._question.of("plug"):
            conditions.append(self._has_plug(plug.name))
            self._use("fits", "plug", plug, hops=1)
        if open_choice and len(targets) > 1:
            for colour in self._question.of("colour"):
                conditions.append(self._comes_in(colour.name))
                self._use("colours", colour, hops=1)
            if self._question.price is not None:
                conditions.append(self._costs_at_most(self._question.price))
                self._use("price", hops=1)
        elif self._question.price is not None:
            raise Missing("a price asked of one product")
        return conditions

    def _narrowed(
        self, targets: list[Product], conditions: list[Condition], open_choice: bool
    ) -> tuple[list[Product], list[Said]]:
        """The products that meet all conditions, and what is to be said of that."""
        if not conditions:
            if len(targets) > _FEW:
                raise Missing("a choice among many")
            return targets, []
        met: list[Product] = []
        good: list[Said] = []
        bad: list[Said] = []
        for product in targets:
            outcomes = [condition(product) for condition in conditions]
            if all(holds for holds, _ in outcomes):
                met.append(product)
                good += [said for _, said in outcomes]
            else:
                bad += [said for holds, said in outcomes if not holds]
        if "cheapest" in self._question.relations:
            self._use("cheapest", "price", hops=1)
            if met:
                met = [min(met, key=lambda one: (not one.stock, one.price))]
                good = [one for one in good if PREFIX + met[0].sku in one.citations] + [self._plain("price", met[0])]
        if len(met) > _MOST or (not met and len(targets) > _FEW):
            raise Missing("few enough products to name")
        if not met and len(targets) > 1:
            return [], [Said(self._texts["none"]), *bad]
        return met, good if met and open_choice else [*good, *bad]

    def _goes_with(self, other: Product) -> Condition:
        def check(product: Product) -> tuple[bool, Said]:
            relation = self._facts.between(f"product:{product.sku}", "compatible_with", f"product:{other.sku}")
            if relation is None:
                if self._facts.is_unsure(f"product:{product.sku}", "compatible_with", f"product:{other.sku}"):
                    raise Missing("a relation that waits for a person")
                return False, self._plain("fits", product)
            text = self._texts["works_with"].format(name=product.name, other=other.name)
            return True, Said(text, (relation,), (PREFIX + product.sku,))

        return check

    def _used_in(self, code: str) -> Condition:
        used = self._facts.of("used_in", f"country:{code}")
        if not used:
            raise Missing(f"country:{code}")
        country = formats.country(code, self._language)

        def check(product: Product) -> tuple[bool, Said]:
            plugs = self._facts.to(f"product:{product.sku}", "has_plug")
            # USB-C and Qi are used in no country: such a product brings no mains plug, and what it is charged by is not known here.
            if not any(self._facts.to(one.object, "used_in") for one in plugs):
                raise Missing("a mains plug")
            for relation in used:
                if has := self._facts.between(f"product:{product.sku}", "has_plug", relation.subject):
                    values = {"country": country, "name": product.name, "plug": relation.subject.removeprefix("plug:")}
                    return True, Said(self._texts["plug_fits"].format(**values), (has, relation), (PREFIX + product.sku,))
            if any(self._facts.is_unsure(one.object, "used_in", f"country:{code}") for one in plugs):
                raise Missing("a plug that waits for a person")
            usual = formats.listing([one.subject.removeprefix("plug:") for one in used], self._language)
            there = self._texts["plug_there"].format(country=country, plug=usual)
            own = self._plain("plug", product)
            return False, Said(f"{own.text} {there}", (*own.path, *used), own.citations)

        return check

    def _has_plug(self, plug: str) -> Condition:
        def check(product: Product) -> tuple[bool, Said]:
            relation = self._facts.between(f"product:{product.sku}", "has_plug", f"plug:{plug}")
            said = self._plain("plug", product)
            return relation is not None, Said(said.text, (relation,) if relation else said.path, said.citations)

        return check

    def _comes_in(self, colour: str) -> Condition:
        def check(product: Product) -> tuple[bool, Said]:
            relation = self._facts.between(f"product:{product.sku}", "comes_in", f"colour:{colour}")
            said = self._plain("colours", product)
            return relation is not None, Said(said.text, (relation,) if relation else said.path, said.citations)

        return check

    def _costs_at_most(self, most: Decimal) -> Condition:
        return lambda product: (product.price <= most, self._plain("price", product))

    # What is asked of them

    def _attributes(self, targets: list[Product], objects: list[Product]) -> list[tuple[list[Product], str]]:
        """Relations that are asked for, each with whose they are, in the order of the question."""
        wanted: dict[str, list[Product]] = {}
        for cue in self._question.cues:
            if cue in self._unused:
                wanted.setdefault(cue.relation, self._owner(cue, targets, objects))
        if any(one.kind == "colour" for one in self._unused if isinstance(one, Mention)):
            wanted.setdefault("colours", targets)
        if any(one.kind == "payment" for one in self._unused if isinstance(one, Mention)) and "instalments" not in wanted:
            wanted.setdefault("pay", targets)
        spoken_for = {lesser for relation in wanted for lesser in _TAKES_IN.get(relation, ())}
        return [(owner, relation) for relation, owner in wanted.items() if relation not in spoken_for]

    def _owner(self, cue: Cue, targets: list[Product], objects: list[Product]) -> list[Product]:
        """Of whom a relation is asked: of what the targets must go with only where its clause names that and them not."""
        start, end = self._question.clause(cue.start)
        inside = [one for one in self._question.of("product", "kind") if start <= one.start < end]
        skus = {sku for one in inside for sku in _skus(one, broad=True)}
        linked = any(one.relation == "fits" and start <= one.start < end for one in self._question.cues)
        only_objects = skus & {one.sku for one in objects} and not skus & {one.sku for one in targets}
        return objects if only_objects and not linked else targets

    def _attribute(self, relation: str, product: Product) -> list[Said]:
        say = getattr(self, f"_say_{relation}", None)
        if say is not None:
            return say(product)
        if relation not in _CATALOGUE_RELATIONS or relation == "fits":
            raise Missing(relation)
        self._use(relation, *self._question.of("colour"), hops=1)
        return [self._plain(relation, product)]

    def _say_warranty(self, product: Product) -> list[Said]:
        *is_a, whole = self._rule(product, "warranty")
        has = self._facts.to(f"product:{product.sku}", "has")
        values = {"name": product.name, "period": formats.span(whole.figures["months"], "month", self._language)}
        path, text = (*is_a, whole), self._texts["warranty"]
        if has:
            part = self._facts.the(self._facts.to("part:battery", "warranty"))
            values["battery"] = formats.span(part.figures["months"], "month", self._language)
            path, text = (*is_a, whole, *has, part), self._texts["warranty_battery"]
        self._use("warranty", hops=1)
        return [Said(text.format(**values), path, (PREFIX + product.sku, whole.object.removeprefix("policy:")))]

    def _say_water(self, product: Product) -> list[Said]:
        if "warranty" not in self._question.relations:
            raise Missing("whether the warranty is meant or the product's own protection")
        least = self._facts.the(self._facts.of("covers_water_from", "policy:warranty"))
        rated = self._facts.to(f"product:{product.sku}", "rated")
        values = {"name": product.name, "least": least.subject.removeprefix("rating:")}
        name = "water_unrated"
        if rated:
            values["rating"] = rated[0].object.removeprefix("rating:")
            # Of an IP code both digits rise with protection, and so does the number that they make.
            name = "water_covered" if values["rating"] >= values["least"] else "water_excluded"
        self._use("water", hops=2)
        return [Said(self._texts[name].format(**values), (*rated, least), (PREFIX + product.sku, "warranty"))]

    def _say_returns(self, product: Product) -> list[Said]:
        self._use("returns", hops=1)
        marks = {one.object: one for one in self._facts.to(f"product:{product.sku}", "marked")}
        if mark := marks.get("mark:final_sale"):
            never = self._facts.the(self._facts.to("mark:final_sale", "never_returned"))
            return [Said(self._plain("final_sale", product).text, (mark, never), (PREFIX + product.sku, "returns-exceptions"))]
        *is_a, window = self._rule(product, "return_within")
        values = {"name": product.name, "days": formats.span(window.figures["days"], "day", self._language)}
        path, name, policies = (*is_a, window), "returnable", (window.object.removeprefix("policy:"),)
        if mark := marks.get("mark:hygiene_seal"):
            sealed = self._facts.the(self._facts.to("mark:hygiene_seal", "returned_sealed"))
            path, name, policies = (*path, mark, sealed), "returnable_sealed", (*policies, "returns-exceptions")
        return [Said(self._texts[name].format(**values), path, (PREFIX + product.sku, *policies))]

    def _say_ship(self, product: Product) -> list[Said]:
        said = []
        for place, name in self._places():
            located = () if place.kind == "region" else (self._facts.the(self._facts.to(place.entity, "in_region")),)
            region = located[0].object if located else place.entity
            costs = self._facts.the(self._facts.of("ships_to", region))
            values = {"country": name, **self._figures(costs)}
            policy = costs.subject.removeprefix("policy:")
            more = self._facts.the(self._facts.to(costs.subject, "free_from" if region == "region:eu" else "reaches"))
            values |= (
                {"free": formats.money(Decimal(more.figures["price"]), self._language)} if region == "region:eu" else more.figures
            )
            text = self._texts["ship_eu" if region == "region:eu" else "ship_abroad"].format(**values)
            said.append(Said(text, (*located, costs, more), (policy,)))
            if region == "region:eu" and product.price >= Decimal(more.figures["price"]):
                free = {"name": product.name, "price": formats.money(product.price, self._language)}
                said.append(Said(self._texts["ship_free"].format(**free), (more,), (PREFIX + product.sku, policy)))
            self._use("ship", place, hops=2)
        return said

    def _say_express(self, product: Product) -> list[Said]:
        said = []
        for place, name in self._places():
            next_day = self._facts.between("policy:shipping-express", "next_day_in", place.entity)
            if next_day is None:
                raise Missing("express shipping there")
            costs = self._facts.the(self._facts.to("policy:shipping-express", "costs"))
            values = {"country": name, **self._figures(costs), **self._figures(next_day)}
            said.append(Said(self._texts["express"].format(**values), (costs, next_day), ("shipping-express",)))
            self._use("express", "ship", place, hops=2)
        return said

    def _say_duties(self, product: Product) -> list[Said]:
        said = []
        for place, name in self._places():
            paid = self._facts.to(place.entity, "duties_paid")
            located = self._facts.to(place.entity, "in_region")
            path = paid or (
                *located,
                self._facts.the([r for one in located for r in self._facts.to(one.object, "duties_by_recipient")]),
            )
            text = self._texts["duties_paid" if paid else "duties_by_recipient"].format(country=name)
            said.append(Said(text, tuple(path), ("customs",)))
            self._use("duties", place, hops=2)
        return said

    def _say_carrier(self, product: Product) -> list[Said]:
        said = []
        for place, name in self._places():
            carriers = self._facts.of("delivers_in", place.entity)
            if not carriers:
                raise Missing("a carrier")
            names = formats.listing([one.subject.removeprefix("carrier:") for one in carriers], self._language)
            # Carriers stand in no article; what is cited is what holds for parcels that go there.
            located = self._facts.the(self._facts.to(place.entity, "in_region"))
            policy = self._facts.the(self._facts.of("ships_to", located.object)).subject.removeprefix("policy:")
            said.append(Said(self._texts["carrier"].format(country=name, carrier=names), tuple(carriers), (policy,)))
            self._use("carrier", "ship", place, hops=2)
        return said

    def _say_instalments(self, product: Product) -> list[Said]:
        rule = self._facts.the(self._facts.to("payment:klarna", "instalments"))
        least = Decimal(rule.figures["price"])
        values = {
            "name": product.name,
            "price": formats.money(product.price, self._language),
            "least": formats.money(least, self._language),
            "count": rule.figures["count"],
        }
        name = "instalments" if product.price >= least else "instalments_from"
        klarna = [one for one in self._question.of("payment") if one.name == "klarna"]
        self._use("instalments", "pay", *klarna, hops=2)
        return [Said(self._texts[name].format(**values), (rule,), (PREFIX + product.sku, "payment-instalments"))]

    def _say_pay(self, product: Product) -> list[Said]:
        asked = self._question.of("payment")
        accepted = self._facts.of("accepted", "policy:payment-methods")
        refused = self._facts.of("refused", "policy:payment-methods")
        said = []
        for name, relations in (("pay_accepted", accepted), ("pay_refused", refused)):
            chosen = [one for one in relations if not asked or one.subject in {method.entity for method in asked}]
            if chosen:
                methods = formats.listing([self._texts[one.subject.removeprefix("payment:")] for one in chosen], self._language)
                said.append(Said(self._texts[name].format(methods=methods), tuple(chosen), ("payment-methods",)))
        self._use("pay", *asked, hops=1)
        return said

    def _say_flight(self, product: Product) -> list[Said]:
        has = self._facts.to(f"product:{product.sku}", "has")
        is_a = self._facts.between(f"product:{product.sku}", "is_a", "kind:power_bank")
        if not (is_a and has):
            raise Missing("a rule for it on planes")
        rule = self._facts.the(self._facts.to("kind:power_bank", "flies_up_to"))
        capacity = float(has[0].figures["wh"])
        values = {"name": product.name, "battery": f"{capacity:g}", "most": rule.figures["wh"]}
        name = "flight" if capacity <= rule.figures["wh"] else "flight_refused"
        self._use("flight", hops=2)
        return [Said(self._texts[name].format(**values), (*has, is_a, rule), ("battery-travel", PREFIX + product.sku))]

    def _places(self) -> list[tuple[Mention, str]]:
        """Where something is to be sent, each with its name.

        Raises:
            Missing: the question names no place.
        """
        places = self._question.of("country", "region")
        if not places:
            raise Missing("a country")
        return [
            (one, formats.country(one.name, self._language) if one.kind == "country" else self._texts["eu"]) for one in places
        ]

    # Putting it together

    def _rule(self, product: Product, name: str) -> tuple[Relation, ...]:
        """The narrowest rule for a product: its own, else that of a kind it is of, else that of all; after what makes it one of the kind."""
        if own := self._facts.to(f"product:{product.sku}", name):
            return (self._facts.the(own),)
        kinds = self._facts.to(f"product:{product.sku}", "is_a")
        ruled = [one for one in kinds if one.object != ANYTHING and self._facts.to(one.object, name)]
        ruled = ruled or [self._is_a(product, ANYTHING)]
        rule = self._facts.the([rule for one in ruled for rule in self._facts.to(one.object, name)])
        return next(one for one in ruled if one.object == rule.subject), rule

    def _is_a(self, product: Product, kind: str) -> Relation:
        relation = self._facts.between(f"product:{product.sku}", "is_a", kind)
        if relation is None:
            raise Missing(f"{product.sku} is_a {kind}")
        return relation

    def _figures(self, relation: Relation) -> dict[str, Any]:
        """Figures of a relation as they are said, money formatted."""
        return {
            name: formats.money(Decimal(value), self._language) if name == "price" else value
            for name, value in relation.figures.items()
        }

    def _plain(self, attribute: str, product: Product) -> Said:
        """The catalogue's own sentence on an attribute."""
        name = "compatible" if attribute == "fits" else attribute
        text = self._sentences.sentence(name, product, self._catalogue, self._language)
        relations = [one for kind in _CATALOGUE_RELATIONS[attribute] for one in self._facts.to(f"product:{product.sku}", kind)]
        return Said(text, tuple(relations), (PREFIX + product.sku,))

    def _use(self, *parts: Mention | str, hops: int = 0) -> None:
        """Note that mentions, and cues of relations, had their part; the hops count once however many products they are said of."""
        before = len(self._unused)
        self._unused = {one for one in self._unused if one not in parts and not (isinstance(one, Cue) and one.relation in parts)}
        if len(self._unused) < before:
            self._hops += hops

    def _passage(self, said: Sequence[Said]) -> GraphPassage:
        texts = list(dict.fromkeys(one.text for one in said))
        return GraphPassage(
            ("" if self._language in ("zh", "ja") else " ").join(texts),
            self._language,
            tuple(dict.fromkeys(spelled(relation) for one in said for relation in one.path)),
            tuple(dict.fromkeys(citation for one in said for citation in one.citations)),
            min((one.confidence for one in self._question.mentions), default=1.0),
        )


def _adjoin(one: Mention, other: Mention) -> bool:
    return other.start - one.end in (0, 1) or one.start - other.end in (0, 1)


def _skus(mention: Mention, *, broad: bool = False) -> list[str]:
    return skus_of(mention.name, broad=broad) if mention.kind == "kind" else [mention.name]
