"""What the command line prints where something went wrong."""

import pytest

from tongshi import cli
from tongshi.errors import TongshiError


def test_an_error_is_printed_as_it_is(monkeypatch, capsys):
    def fail():
        raise TongshiError("The server said: [/INST] is not [bold].")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err == "The server said: [/INST] is not [bold].\n"
