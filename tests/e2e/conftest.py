"""The whole system, started as `make run` starts it, on free ports and with a data folder of its own."""

from __future__ import annotations

import uuid

import pytest

from tongshi.evaluation.running import running


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    home = tmp_path_factory.mktemp("system") / "home"
    with running(home, support_hours="always", answer_deadline="4", turn_deadline="8") as started:
        yield started


@pytest.fixture
def sender() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"
