import re
import stat

import pytest

from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, ROOT, Settings

OPEN = {
    "email_address": "a@b.example", "email_imap": "imaps://c", "email_smtp": "smtps://c", "whatsapp_account": "AC1",
    "whatsapp_number": "+1", "public_url": "https://help.example", "wechat_id": "wx1",
}  # fmt: skip
"""What channels need besides their secrets."""


def test_nothing_need_be_set():
    settings = Settings.load({})
    assert settings == Settings()
    assert settings.database == f"sqlite:///{ROOT / '.tongshi' / 'tongshi.db'}"
    assert settings.llm_address == "http://127.0.0.1:5056/v1"


def test_each_value_is_read_as_what_it_is(tmp_path):
    settings = Settings.load(
        {"TONGSHI_HOME": str(tmp_path), "TONGSHI_RASA_PORT": "5100", "TONGSHI_ANSWER_DEADLINE": "12.5", "TONGSHI_SHOP": " Acme "}
    )
    assert (settings.home, settings.rasa_port, settings.answer_deadline, settings.shop) == (tmp_path, 5100, 12.5, "Acme")
    assert settings.database == f"sqlite:///{tmp_path / 'tongshi.db'}"
    assert settings.rasa_address == "http://127.0.0.1:5100"


def test_a_relative_folder_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.load({"TONGSHI_MODELS": "weights"}).models == (tmp_path / "weights").resolve()


def test_an_empty_value_and_other_variables_count_as_unset():
    assert Settings.load({"TONGSHI_RASA_PORT": "  ", "TONGSHI_NONSENSE": "1", "RASA_PORT": "1"}) == Settings()


def test_the_environment_is_read_where_nothing_is_handed_in(monkeypatch):
    monkeypatch.setenv("TONGSHI_WEB_PORT", "9090")
    assert Settings.load().web_port == 9090


def test_other_addresses_are_taken_as_set():
    settings = Settings.load({"TONGSHI_LLM_URL": "https://llm.example/v1/", "TONGSHI_DATABASE_URL": "postgresql://db/shop"})
    assert settings.llm_address == "https://llm.example/v1"
    assert settings.database == "postgresql://db/shop"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TONGSHI_RASA_PORT", "five"),
        ("TONGSHI_RASA_PORT", "50.5"),
        ("TONGSHI_ANSWER_DEADLINE", "soon"),
        ("TONGSHI_LANGUAGE", "nl"),
        ("TONGSHI_LANGUAGE", "EN"),
        ("TONGSHI_ANSWER_MODE", "guess"),
        ("TONGSHI_NEIGHBOURS", "faiss"),
        ("TONGSHI_ANSWER_DEADLINE", "30"),
        ("TONGSHI_ANSWER_DEADLINE", "0"),
        ("TONGSHI_TURN_DEADLINE", "60"),
        ("TONGSHI_TURN_DEADLINE", "nan"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_variable(variable, value):
    with pytest.raises(TongshiError, match=variable):
        Settings.load({variable: value})


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_of_the_twelve_may_be_the_language_to_begin_with(language):
    assert Settings.load({"TONGSHI_LANGUAGE": language}).language == language


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path):
    settings = Settings(home=tmp_path / "home")
    secret = settings.secret("web")
    assert len(secret) >= 32
    assert settings.secret("web") == secret
    assert settings.secret("desk") != secret
    assert stat.S_IMODE((tmp_path / "home" / "secrets" / "web").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home" / "secrets").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("TONGSHI_SLACK_TOKEN", "TONGSHI_SLACK_SIGNING_SECRET"),
        ("TONGSHI_TELEGRAM_SECRET", "TONGSHI_TELEGRAM_TOKEN"),
        ("TONGSHI_EMAIL_ADDRESS", "TONGSHI_EMAIL_IMAP and TONGSHI_EMAIL_SMTP"),
        ("TONGSHI_MESSENGER_TOKEN", "TONGSHI_MESSENGER_SECRET and TONGSHI_MESSENGER_VERIFY"),
        ("TONGSHI_WHATSAPP_ACCOUNT", "TONGSHI_WHATSAPP_TOKEN and TONGSHI_WHATSAPP_NUMBER"),
        ("TONGSHI_WECHAT_ID", "TONGSHI_WECHAT_SECRET and TONGSHI_WECHAT_TOKEN"),
    ],
)
def test_a_channel_of_which_only_a_part_is_set_is_refused_by_what_is_missing(given, missing):
    with pytest.raises(TongshiError, match=missing):
        Settings.load({given: "x"})


def test_whatsapp_needs_the_address_that_twilio_signs():
    with pytest.raises(TongshiError, match="TONGSHI_PUBLIC_URL"):
        Settings(whatsapp_account="AC1", whatsapp_token="t", whatsapp_number="+1")


@pytest.mark.parametrize("given", [{"email_imap": "mail.example"}, {"email_smtp": "https://mail.example"}])
def test_mail_servers_are_named_by_scheme_and_host(given):
    values = {"email_address": "a@b.example", "email_password": "p", "email_imap": "imaps://c", "email_smtp": "smtps://c"}
    with pytest.raises(TongshiError, match=f"TONGSHI_{next(iter(given)).upper()}"):
        Settings(**{**values, **given})


def test_secrets_of_channels_stand_in_no_printed_settings():
    names = [name for name in Settings.__dataclass_fields__ if re.search(r"(token|secret|password|key|verify)$", name)]
    settings = Settings(**dict.fromkeys(names, "hidden" * 8), **OPEN)
    assert "hidden" not in repr(settings) and len(names) > 10


def test_the_time_zone_is_that_of_the_support_hours():
    assert str(Settings().time_zone) == "Europe/Berlin"
    assert str(Settings(support_hours="Mon-Fri 09:00-18:00 Asia/Tokyo").time_zone) == "Asia/Tokyo"
    assert all(
        str(Settings(support_hours=hours).time_zone) == "UTC"
        for hours in ("always", "never", "whenever", "Mon 08:00-20:00 Europe")
    )
