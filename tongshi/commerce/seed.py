"""The demo shop's customers, products and orders, dated relative to now."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tongshi.storage.models import Customer, Order, OrderItem, Product
from tongshi.storage.shop import ShopStore


def seed(store: ShopStore, folder: Path, now: datetime) -> bool:
    """Fill an empty database from the CSV files of `folder`; says whether it was empty.

    Args:
        now: what the files' "days ago" count from.
    """
    if not store.is_empty():
        return False
    store.add_all([*_customers(folder, now), *_products(folder), *_orders(folder, now)])
    return True


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _customers(folder: Path, now: datetime) -> Iterator[Customer]:
    for row in _rows(folder / "customers.csv"):
        since = now - timedelta(days=int(row.pop("since_days_ago")))
        yield Customer(**{**row, "miles": int(row["miles"]), "since": since})


def _products(folder: Path) -> Iterator[Product]:
    for row in _rows(folder / "products.csv"):
        lists = {name: [part for part in row[name].split("|") if part] for name in ("plug", "colours", "compatible_with")}
        yield Product(
            sku=row["sku"],
            name=row["name"],
            category=row["category"],
            price=Decimal(row["price"]),
            stock=int(row["stock"]),
            rating_ip=row["rating_ip"] or None,
            battery_wh=float(row["battery_wh"]) if row["battery_wh"] else None,
            final_sale=row["final_sale"] == "yes",
            hygiene_seal=row["hygiene_seal"] == "yes",
            **lists,
        )


def _orders(folder: Path, now: datetime) -> Iterator[Order]:
    orders: dict[str, Order] = {}
    for row in _rows(folder / "orders.csv"):

        def ago(name: str, unit: str = "days", row=row) -> datetime | None:
            return now - timedelta(**{unit: int(row[name])}) if row[name] else None

        order = orders.setdefault(
            row["order_id"],
            Order(
                order_id=row["order_id"],
                customer_id=row["customer_id"],
                status=row["status"],
                carrier=row["carrier"] or None,
                tracking=row["tracking"] or None,
                placed_at=ago("placed_minutes_ago", "minutes") or ago("placed_days_ago"),
                delivered_at=ago("delivered_days_ago"),
                last_scan_at=ago("last_scan_days_ago"),
                eta=(now + timedelta(days=int(row["eta_days"]))).date() if row["eta_days"] else None,
            ),
        )
        order.items.append(
            OrderItem(
                sku=row["sku"], colour=row["colour"] or None, quantity=int(row["quantity"]), unit_price=Decimal(row["unit_price"])
            )
        )
    yield from orders.values()
