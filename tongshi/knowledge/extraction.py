"""Where the relations of the graph come from: the catalogue, the shop's files, and articles, of which the last only propose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog
import yaml

from tongshi.commerce.catalogue import kinds_of
from tongshi.storage.graph import Edge
from tongshi.storage.models import PROPOSED, Product

CATALOGUE, COUNTRIES, SHOP_FILE, MODEL = "catalogue", "countries.yml", "relations.yml", "model"

log = structlog.get_logger()


def load(path: Path) -> Any:
    """What a YAML file says."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def of_catalogue(products: Sequence[Product]) -> Iterator[Edge]:
    """What the catalogue says of products; certain, so confirmed."""
    for product in products:
        subject = f"product:{product.sku}"
        said: list[tuple[str, str, dict[str, Any]]] = [("is_a", f"kind:{kind}", {}) for kind in kinds_of(product.sku)]
        said += [("is_a", f"category:{product.category}", {}), ("is_a", "kind:product", {})]
        said += [("has_plug", f"plug:{plug}", {}) for plug in product.plug]
        said += [("comes_in", f"colour:{colour}", {}) for colour in product.colours]
        said += [("compatible_with", f"product:{sku}", {}) for sku in product.compatible_with]
        if product.battery_wh:
            said.append(("has", "part:battery", {"wh": product.battery_wh}))
        if product.rating_ip:
            said.append(("rated", f"rating:{product.rating_ip}", {}))
        said += [("marked", f"mark:{mark}", {}) for mark in ("final_sale", "hygiene_seal") if getattr(product, mark)]
        for name, object_, figures in said:
            yield Edge(subject, name, object_, figures, CATALOGUE)


def of_countries(folder: Path) -> Iterator[Edge]:
    """Regions of countries and the plugs that they use, from countries.yml of a folder."""
    told = load(folder / "countries.yml")
    for code, country in told["countries"].items():
        region = "eu" if code in told["eu"] else "abroad"
        yield Edge(f"country:{code}", "in_region", f"region:{region}", {}, COUNTRIES)
        for plug, rule in told["plugs"].items():
            least, most = rule["volts"]
            sockets = set(country["sockets"])
            if not sockets & {*rule["sure"], *rule["perhaps"]}:
                continue
            sure = bool(sockets & set(rule["sure"])) and least <= country["volts"] <= most
            evidence = f"sockets {', '.join(country['sockets'])}; {country['volts']} V"
            status = {} if sure else {"status": PROPOSED}
            yield Edge(f"plug:{plug}", "used_in", f"country:{code}", {}, COUNTRIES, evidence, **status)


def of_shop(folder: Path) -> Iterator[Edge]:
    """The shop's policies as relations, from relations.yml of a folder."""
    for said in load(folder / "relations.yml"):
        yield Edge(
            said["subject"],
            said["name"],
            said["object"],
            said.get("figures", {}),
            SHOP_FILE,
            f"{said['source']}: {said['evidence']}",
        )
