"""What every test needs: the shared fixtures, and the model files before the first of them is asked for."""

import os
from pathlib import Path

import pytest

from tongshi import system
from tongshi.errors import TongshiError
from tongshi.evaluation.running import environment
from tongshi.settings import get_settings

# Whoever has a live system's settings in the shell does not test in its database, nor read its mailbox. The data folder stays: no test
# writes to what it holds.
for name in set(os.environ) - set(environment(Path())):
    del os.environ[name]

pytest_plugins = ["tests.beforehand", "tests.browser", "tests.fixtures", "tests.postgresql"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Fetch the model files that are missing, once, with progress shown; without them most tests would fail one by one."""
    try:
        system.pull_models(get_settings())
    except TongshiError as error:
        pytest.exit(str(error), returncode=1)
