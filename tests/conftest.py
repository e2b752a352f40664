"""What every test needs: the shared fixtures, and the model files before the first of them is asked for."""

import pytest

from tongshi import system
from tongshi.errors import TongshiError
from tongshi.settings import get_settings

pytest_plugins = ["tests.browser", "tests.fixtures", "tests.postgresql"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Fetch the model files that are missing, once, with progress shown; without them most tests would fail one by one."""
    try:
        system.pull_models(get_settings())
    except TongshiError as error:
        pytest.exit(str(error), returncode=1)
