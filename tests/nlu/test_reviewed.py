"""Accepted wordings are written down, whoever else does so at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tongshi.nlu.reviewed import add
from tongshi.nlu.wordings import Wording, read


def test_what_two_add_at_once_is_all_kept(tmp_path):
    wordings = [Wording(f"wheres thing {number}", "order_status", "en") for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: add(tmp_path / "reviewed", [one]), wordings))
    assert sorted(one.text for one in read(tmp_path / "reviewed" / "en.yml", "en")) == sorted(one.text for one in wordings)
    assert not list(tmp_path.rglob("*.part"))
