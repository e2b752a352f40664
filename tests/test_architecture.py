"""Rooms import only what docs/architecture.md says, and each foreign world is known to those rooms alone that speak to it."""

import ast
import re
from graphlib import TopologicalSorter

import pytest

from tongshi.settings import ROOT

EVERYWHERE = {"settings", "errors", "clock", "threads", "files"}
FOREIGN = {"rasa": {"nlu", "responses", "channels"}, "rasa_sdk": {"actions"}, "sqlalchemy": {"storage", "channels"}}
"""Packages and who may import them; `channels` only takes the database's URL apart for Rasa's tracker store."""


def room(module):
    """The room of a module; None for other people's."""
    first, *rest = module.split(".")
    if first == "actions":
        return "actions"
    if first != "tongshi" or not rest:
        return None
    return {"keeper": "system"}.get(rest[0], "cli" if rest[0].startswith("cli") else rest[0])


def imports(file):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


@pytest.fixture(scope="module")
def imported():
    """What each room imports, and where."""
    found = {}
    for file in [*(ROOT / "tongshi").rglob("*.py"), *(ROOT / "actions").glob("*.py")]:
        where = file.relative_to(ROOT)
        if here := room(".".join(where.with_suffix("").parts)):
            for module in imports(file):
                found.setdefault(here, {}).setdefault(module, str(where))
    return found


def drawn():
    """The arrows of docs/architecture.md."""
    figure = re.search(r"```\n(actions +→.*?)```", (ROOT / "docs/architecture.md").read_text("utf-8"), re.S)[1]
    arrows = {}
    for line in figure.splitlines():
        starts, ends = line.split("→")
        for start in starts.split(","):
            arrows[start.strip()] = set() if "only" in ends else set(ends.split())
    return arrows


def test_rooms_import_what_the_figure_says_and_nothing_runs_in_a_circle(imported):
    arrows = {
        here: {there for module in modules if (there := room(module)) and there not in {here, *EVERYWHERE}}
        for here, modules in imported.items()
        if here not in {"__init__", "__main__", *EVERYWHERE}
    }
    assert arrows == drawn()
    TopologicalSorter(arrows).prepare()


@pytest.mark.parametrize("package", FOREIGN)
def test_each_foreign_world_is_known_to_few(imported, package):
    who = {
        here: where for here, modules in imported.items() for module, where in modules.items() if module.split(".")[0] == package
    }
    assert who.keys() == FOREIGN[package], who
