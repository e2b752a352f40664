"""The only reader of the environment."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tongshi.errors import TongshiError

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "zh")
"""Every language the agent speaks, as ISO 639-1 codes."""

ROOT = Path(__file__).resolve().parent.parent
"""The Rasa project: the folder that holds config.yml, domain.yml and data/."""

_ORIGIN = re.compile(r"https?://[a-zA-Z0-9.*-]+(:\d+)?")

_TOGETHER = (
    ("slack_token", "slack_signing_secret"),
    ("telegram_token", "telegram_secret"),
    ("email_address", "email_imap", "email_smtp"),
    ("email_oauth_url", "email_oauth_id", "email_oauth_refresh"),
    ("messenger_token", "messenger_secret", "messenger_verify"),
    ("whatsapp_account", "whatsapp_token", "whatsapp_number"),
    ("wechat_id", "wechat_secret", "wechat_token"),
)
"""What a channel needs, all of it or none."""

_ONE_OF = {
    "answer_mode": ("auto", "quote", "generate"),
    "socketio": ("on", "off"),
    "ocr": ("on", "off"),
    "neighbours": ("index", "pgvector", "qdrant"),
    "reranker": ("cross", "linear", "off"),
    "voice": ("on", "off"),
    "phone_voice": ("twilio", "own"),
}

_CLASS = re.compile(r"\w+(\.\w+)*:\w+")
_MAIL_SERVERS = {"email_imap": ("imaps", "imap"), "email_smtp": ("smtps", "smtp")}


def is_class(value: str) -> bool:
    """Whether a value names a class of one's own, as `package.module:Class`."""
    return _CLASS.fullmatch(value) is not None


def _is_safe(address: str) -> bool:
    """Whether secrets may be sent to an address: it is encrypted, or this machine's."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    )


@dataclass(frozen=True)
class Settings:
    """Everything that can be set from outside, each by `TONGSHI_<NAME>`.

    Times are in seconds, paths are absolute.
    """

    home: Path = ROOT / ".tongshi"
    models: Path = ROOT / "models"
    data: Path = ROOT / "data"
    benchmarks: Path = ROOT / "benchmarks"
    shop: str = "Meridian"
    language: str = "en"
    support_hours: str = "Mon-Sat 08:00-20:00 Europe/Berlin"
    database_url: str = ""
    rasa_port: int = 5005
    action_port: int = 5055
    llm_port: int = 5056
    web_port: int = 8080
    llm: str = "llm-1.5b"
    llm_url: str = ""
    llm_key: str = field(default="", repr=False)
    llm_threads: int = 0
    translation_url: str = ""
    translation_key: str = field(default="", repr=False)
    encoder: str = "use*0.4+search*0.6"
    neighbours: str = "index"
    reranker: str = "cross"
    qdrant_url: str = ""
    qdrant_key: str = field(default="", repr=False)
    answer_mode: str = "auto"
    answer_deadline: float = 20.0
    turn_deadline: float = 30.0
    phone_token: str = field(default="", repr=False)
    phone_person: str = ""
    phone_number: str = ""
    phone_voice: str = "twilio"
    voice: str = "off"
    recogniser: str = "whisper-base"
    synthesiser: str = "kokoro"
    public_url: str = ""
    redis_url: str = field(default="", repr=False)
    widget_origins: str = ""
    client_key: str = field(default="", repr=False)
    socketio: str = "off"
    ocr: str = "off"
    session_rate: int = 20
    address_rate: int = 120
    slack_token: str = field(default="", repr=False)
    slack_signing_secret: str = field(default="", repr=False)
    slack_url: str = "https://slack.com/api/"
    telegram_token: str = field(default="", repr=False)
    telegram_secret: str = field(default="", repr=False)
    telegram_name: str = ""
    telegram_url: str = "https://api.telegram.org"
    email_address: str = ""
    email_user: str = ""
    email_password: str = field(default="", repr=False)
    email_oauth_url: str = ""
    email_oauth_id: str = ""
    email_oauth_secret: str = field(default="", repr=False)
    email_oauth_refresh: str = field(default="", repr=False)
    email_imap: str = ""
    email_smtp: str = ""
    email_folder: str = "INBOX"
    messenger_token: str = field(default="", repr=False)
    messenger_secret: str = field(default="", repr=False)
    messenger_verify: str = field(default="", repr=False)
    messenger_page: str = ""
    messenger_url: str = "https://graph.facebook.com/v21.0"
    whatsapp_account: str = ""
    whatsapp_token: str = field(default="", repr=False)
    whatsapp_number: str = ""
    whatsapp_url: str = "https://api.twilio.com"
    wechat_id: str = ""
    wechat_secret: str = field(default="", repr=False)
    wechat_token: str = field(default="", repr=False)
    wechat_key: str = field(default="", repr=False)
    wechat_url: str = "https://api.weixin.qq.com"

    def __post_init__(self) -> None:
        self._check_channels()
        self._check_mail()
        self._check_values()

    def _check_channels(self) -> None:
        for names in _TOGETHER:
            missing = [f"TONGSHI_{name.upper()}" for name in names if not getattr(self, name)]
            if missing and len(missing) < len(names):
                raise TongshiError(f"{' and '.join(missing)} must be set too, or all of that channel left out.")
        if self.whatsapp_account and not self.public_url:
            raise TongshiError("TONGSHI_PUBLIC_URL must be set too: what Twilio signs begins with it.")
        if self.phone_token and not self.public_url:
            raise TongshiError("TONGSHI_PHONE_TOKEN needs TONGSHI_PUBLIC_URL, which Twilio signs its calls together with.")
        if self.client_key and len(self.client_key) < 32:
            raise TongshiError("TONGSHI_CLIENT_KEY must have 32 characters or more.")
        if self.socketio == "on" and not self.client_key:
            raise TongshiError("TONGSHI_SOCKETIO needs TONGSHI_CLIENT_KEY, with which the clients' tokens are signed.")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise TongshiError(f"TONGSHI_WIDGET_ORIGINS names {origin!r}; an origin is like https://shop.example.")

    def _check_mail(self) -> None:
        if bool(self.email_address) != (bool(self.email_password) + bool(self.email_oauth_url) == 1):
            raise TongshiError(
                "E-mail needs TONGSHI_EMAIL_ADDRESS and one of TONGSHI_EMAIL_PASSWORD and TONGSHI_EMAIL_OAUTH_URL: "
                "set them, or leave all of that channel out."
            )
        if self.email_oauth_url and not _is_safe(self.email_oauth_url):
            raise TongshiError(f"TONGSHI_EMAIL_OAUTH_URL is {self.email_oauth_url!r}; it must begin with https://.")
        for name, schemes in _MAIL_SERVERS.items():
            value = getattr(self, name)
            if value and not (urlsplit(value).scheme in schemes and urlsplit(value).hostname):
                raise TongshiError(f"TONGSHI_{name.upper()} is {value!r}; it must be {schemes[0]}://HOST or {schemes[1]}://HOST.")

    def _check_values(self) -> None:
        if self.language not in LANGUAGES:
            raise TongshiError(f"TONGSHI_LANGUAGE is {self.language!r}; it must be one of {' '.join(LANGUAGES)}.")
        for name, allowed in _ONE_OF.items():
            if (value := getattr(self, name)) not in allowed:
                listed = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
                raise TongshiError(f"TONGSHI_{name.upper()} is {value!r}; it must be {listed}.")
        if self.synthesiser not in ("kokoro", "espeak") and not is_class(self.synthesiser):
            raise TongshiError(f"TONGSHI_SYNTHESISER is {self.synthesiser!r}; it must be kokoro, espeak or package.module:Class.")
        if self.session_rate < 1 or self.address_rate < 1:
            raise TongshiError("TONGSHI_SESSION_RATE and TONGSHI_ADDRESS_RATE must be 1 or more.")
        if not 0 < self.answer_deadline < self.turn_deadline < 60:
            raise TongshiError(
                "TONGSHI_ANSWER_DEADLINE must be shorter than TONGSHI_TURN_DEADLINE, "
                "and that shorter than the 60 seconds for which Rasa locks a conversation."
            )

    @classmethod
    def load(cls, environ: dict[str, str] | None = None) -> Settings:
        """Read `TONGSHI_*` variables.

        Args:
            environ: where to read them; the process's own environment by default.

        Raises:
            TongshiError: a value cannot be read as what it should be.
        """
        environ = dict(os.environ) if environ is None else environ
        kinds = {"Path": lambda text: Path(text).expanduser().resolve(), "int": int, "float": float, "str": str}
        values = {}
        for name, kind in cls.__dataclass_fields__.items():
            variable = f"TONGSHI_{name.upper()}"
            text = environ.get(variable, "").strip()
            if not text:
                continue
            try:
                values[name] = kinds[kind.type](text)
            except ValueError:
                raise TongshiError(f"{variable} is {text!r}; it must be a number.") from None
        return cls(**values)

    @property
    def origins(self) -> tuple[str, ...]:
        """Sites that may show the chat, e.g. ``https://shop.example``."""
        return tuple(self.widget_origins.split())

    @property
    def origin_pattern(self) -> str:
        """A regular expression of `origins`; where there are none, it matches nothing but an empty text."""
        return "|".join(re.escape(one).replace(r"\*", r"[a-zA-Z0-9-]+") for one in self.origins)

    @property
    def time_zone(self) -> tzinfo:
        """That of the support hours, in which "today" is told; UTC where they name none."""
        name = self.support_hours.rpartition(" ")[2]
        try:
            return UTC if name in ("always", "never") else ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            return UTC  # such hours are refused where they are used

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL; a SQLite file in `home` unless set."""
        return self.database_url or f"sqlite:///{self.home / 'tongshi.db'}"

    @property
    def llm_address(self) -> str:
        """Base URL of the OpenAI-shaped server, without a trailing slash."""
        return (self.llm_url or f"http://127.0.0.1:{self.llm_port}/v1").rstrip("/")

    @property
    def rasa_address(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    def secret(self, name: str) -> str:
        """A random secret kept in `home/secrets`, made on first use and readable by its owner only.

        Args:
            name: what it is for, e.g. ``"web"``.

        Returns:
            32 URL-safe characters or more.
        """
        folder = self.home / "secrets"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text("ascii").strip()
        with os.fdopen(descriptor, "w") as file:
            value = secrets.token_urlsafe(24)
            file.write(value + "\n")
        return value


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings.load()
