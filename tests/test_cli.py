"""What the command line prints where something went wrong."""

import re

import pytest
from typer.testing import CliRunner

from tongshi import cli, cli_base
from tongshi.cli_base import language_of
from tongshi.errors import TongshiError
from tongshi.evaluation import reports
from tongshi.evaluation.tables import Report
from tongshi.settings import Settings


def test_an_error_is_printed_as_it_is(monkeypatch, capsys):
    def fail():
        raise TongshiError("The server said: [/INST] is not [bold].")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err == "The server said: [/INST] is not [bold].\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["nlu", "--sample", "5"],
            "The report 'nlu' takes no --sample; it is for benchmarks, crosslingual, scale, imports, answers",
        ),
        (["answers", "--lang", "de"], "takes no --lang; it is for speech."),
        (["crosslingual", "--set", "own"], "takes no --set; it is for benchmarks."),
        (["latency", "--system", "rasa"], "takes no --system; it is for benchmarks."),
        (["retrieval", "--epochs", "3"], "takes no --epochs"),
        (["mood", "--folder", "."], "takes no --folder"),
        (["speech", "--lang", "de", "--lang", "xx"], "--lang is 'xx'"),
        (["weather"], "There is no report 'weather'"),
    ],
)
def test_a_report_refuses_what_it_does_not_take(words, said):
    with pytest.raises(TongshiError, match=re.escape(said)):
        CliRunner().invoke(cli.app, ["evaluate", *words], catch_exceptions=False)


def test_a_report_gets_what_it_takes(monkeypatch):
    given = []

    def report(settings, sample=None, *, sets=(), epochs=100):
        given.append((sample, sets, epochs))
        return Report("It", "right")

    monkeypatch.setitem(reports.REPORTS, "benchmarks", report)
    for words in (["--sample", "4", "--set", "own", "--set", "clinc150"], []):
        assert CliRunner().invoke(cli.app, ["evaluate", "benchmarks", *words, "--json"], catch_exceptions=False).exit_code == 0
    assert given == [(4, ["own", "clinc150"], 100), (None, (), 100)]


def test_the_language_of_a_text(monkeypatch):
    assert language_of("Wie lange kann ich etwas zurückgeben?") == "de"
    assert language_of("Wie lange kann ich etwas zurückgeben?", "fr") == "fr"
    monkeypatch.setattr(cli_base, "get_settings", lambda: Settings(language="it"))
    assert language_of("12") == "it"
    with pytest.raises(TongshiError, match="--lang is 'xx'; it must be one of ar de"):
        language_of("hello", "xx")
