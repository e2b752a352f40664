"""What takes minutes is made while other tests run: the trained bot, and a data folder with all knowledge encoded."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tongshi import system
from tongshi.evaluation.running import environment
from tongshi.knowledge import values
from tongshi.settings import ROOT, get_settings

_making = pytest.StashKey[tuple[subprocess.Popen, Path]]()
_LATE = {"trained", "prepared", "encoded"}


def pytest_collection_modifyitems(items):
    """Tests that need the bot or a data folder come last."""
    items.sort(key=lambda one: bool(_LATE & set(getattr(one, "fixturenames", ()))))


def pytest_collection_finish(session):
    """Begin to make what the tests that were chosen need."""
    needed = {name for one in session.items for name in getattr(one, "fixturenames", ())} & _LATE
    if _is_encoded():
        needed.discard("encoded")
    if session.config.option.collectonly or not needed:
        return
    home = Path(tempfile.mkdtemp(prefix="tongshi-prepared-")) / "home"
    tongshi = shlex.join([sys.executable, "-m", "tongshi.cli"])
    steps = [f"{tongshi} train", *([f"{tongshi} prepare"] if needed - {"trained"} else [])]
    with (home.parent / "output").open("wb") as output:
        process = subprocess.Popen(
            ["nice", "sh", "-c", " && ".join(steps)],
            cwd=ROOT,
            env=environment(home),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    session.config.stash[_making] = process, home


def pytest_unconfigure(config):
    """End what is still being made, and delete the data folder."""
    process, home = config.stash.get(_making, (None, None))
    if process:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(home.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def trained() -> Path:
    """The bot that is trained on the project's files."""
    return system.train(get_settings())


@pytest.fixture(scope="session")
def prepared(pytestconfig) -> Path:
    """A data folder that has taken in the knowledge; systems begin with copies."""
    process, home = pytestconfig.stash[_making]
    assert process.wait() == 0, (home.parent / "output").read_text("utf-8", "replace")[-3000:]
    return home


@pytest.fixture(scope="session")
def encoded(request) -> None:
    """What customers call things is encoded, in the data folder that these tests have."""
    if _is_encoded():
        return
    folder = get_settings().home / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    for file in (request.getfixturevalue("prepared") / "vectors").glob("*.npz"):
        kept = folder / file.name
        if not kept.exists() or kept.stat().st_size < file.stat().st_size:
            shutil.copy2(file, kept)
    values._kept.cache_clear()


def _is_encoded() -> bool:
    return all(values.model_path(slot).exists() for slot in (values.SEAL, values.REASON))
