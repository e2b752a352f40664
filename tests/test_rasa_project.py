"""The checkout is a Rasa project as any Rasa user expects."""

import subprocess
import sys

from tongshi import system
from tongshi.settings import LANGUAGES, ROOT, get_settings


def rasa(*arguments, home):
    settings = get_settings()
    environment = {**system.environment(settings), "TONGSHI_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "rasa", *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_the_data_is_valid(trained, tmp_path):
    result = rasa("data", "validate", "--max-history", "4", home=tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


def test_scripted_conversations_are_predicted_in_every_language(trained, tmp_path):
    stories = ROOT / "tests" / "stories"
    assert {path.stem.removeprefix("test_") for path in stories.glob("test_*.yml")} == set(LANGUAGES)
    result = rasa(
        "test", "core", "--e2e", "--stories", stories, "--model", trained, "--out", tmp_path / "results",
        "--fail-on-prediction-errors", "--no-plot", home=tmp_path,
    )  # fmt: skip
    failed = tmp_path / "results" / "failed_test_stories.yml"
    assert result.returncode == 0, (failed.read_text("utf-8")[:4000] if failed.exists() else "") + result.stderr[-3000:]
