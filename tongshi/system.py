"""The whole system on one machine: made ready, started under one supervisor, watched until it answers."""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import httpx
import yaml
from filelock import FileLock
from honcho.manager import Manager
from honcho.printer import Printer

from tongshi import clock, weights
from tongshi.commerce.seed import seed
from tongshi.errors import TongshiError, Unavailable
from tongshi.files import read_yaml
from tongshi.knowledge.articles import searched_articles
from tongshi.knowledge.base import Change, make_knowledge_base
from tongshi.knowledge.graph import make_graph
from tongshi.knowledge.values import encode_values
from tongshi.llm.client import read_reply
from tongshi.llm.models import IN_PROCESS, make_model
from tongshi.settings import ROOT, Settings, is_class
from tongshi.storage.database import get_database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.outbox import Backlog, OutboxStore
from tongshi.storage.shop import ShopStore

_TRAINED_ON = ("config.yml", "domain.yml", "data/nlu", "data/rules.yml", "data/stories.yml", "data/responses/en.yml")
_KEPT_BOTS = 3
_ASKING = 10.0
"""Seconds that a language model elsewhere has for one token."""
_ONE_BY_ONE = ("rasa", "actions")
"""Parts that encode single messages, for which a second thread of torch and NumPy does little but wait for the first."""
_ALSO_TRAINED_ON = ("data/knowledge", "data/catalogue", "data/sentiment", "tongshi/nlu", "tongshi/language")


def prepare_data(settings: Settings) -> Change:
    """Bring the database up to date, fill an empty one with the demo shop, and take in what changed in the knowledge."""
    database = get_database()
    database.upgrade()
    seed(ShopStore(database), settings.data / "store", clock.now())
    make_graph(settings, database).seed()
    base = make_knowledge_base(settings, database)
    for collection in KnowledgeStore(database).collections():
        base.writer.refresh(collection)
    encode_values()
    return base.put(searched_articles(settings.data), whole=True)


def pull_models(settings: Settings) -> None:
    """Fetch the model files that the settings need."""
    for name, entry in weights.manifest().items():
        if not entry.optional or name == settings.llm:
            if name.startswith("llm-") and (name != settings.llm or settings.llm_url):
                continue
            weights.pull(name, settings)
    if settings.voice == "on" or settings.phone_voice == "own":
        for name in speech_models(settings):
            weights.pull(name, settings)


def speech_models(settings: Settings) -> list[str]:
    """The model files of speech that the settings name."""
    is_ours = "/" not in settings.recogniser and not is_class(settings.recogniser)
    recogniser = [settings.recogniser] if is_ours else []
    return recogniser + (["kokoro"] if settings.synthesiser == "kokoro" else [])


def bot_path(settings: Settings) -> Path:
    """Where the bot lies that was trained on the files as they are now."""
    digest = hashlib.sha256()
    for name in (*_TRAINED_ON, *_ALSO_TRAINED_ON):
        path = ROOT / name
        files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.suffix in (".yml", ".md", ".py"))
        for file in files:
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    for adapter in sorted((settings.models / "adapters" / "intents").glob("*.safetensors")):
        digest.update(adapter.read_bytes())
    return settings.models / f"bot-{digest.hexdigest()[:12]}.tar.gz"


def train(settings: Settings, *, force: bool = False) -> Path:
    """Train the bot unless one for the present files is there.

    Raises:
        TongshiError: the training failed; its own words stand above.
    """
    path = bot_path(settings)
    if path.exists() and not force:
        return path
    # Of two commands at once that need it only one trains it.
    with FileLock(settings.models / "bot.lock"):
        if force or not path.exists():
            _rasa_train(settings, path)
    # A system that runs may have to load its bot again, so the last few stay.
    for old in sorted(settings.models.glob("bot-*.tar.gz"), key=lambda one: one.stat().st_mtime)[:-_KEPT_BOTS]:
        old.unlink()
    return path


def train_beside(settings: Settings, extra: Path) -> Path:
    """Train a bot on the project's files and on those of one more folder; it is not put in the place of the one for the present files.

    Raises:
        TongshiError: the training failed; its own words stand above.
    """
    path = settings.models / "candidate.tar.gz"
    _rasa_train(settings, path, extra)
    return path


def live_bot(settings: Settings) -> Path:
    """The bot that serves customers; where none runs, the one for the present files, else the newest there is, else a new one."""
    try:
        told = httpx.get(f"{settings.rasa_address}/status", params={"token": settings.secret("rasa-api")}, timeout=5).json()
        if (served := settings.models / Path(told["model_file"]).name).exists():
            return served
    except (httpx.HTTPError, ValueError, KeyError):
        pass
    there = [bot_path(settings), *sorted(settings.models.glob("bot-*.tar.gz"), key=lambda one: -one.stat().st_mtime)]
    return next((one for one in there if one.exists()), None) or train(settings)


def put_live(settings: Settings, bot: Path) -> bool:
    """Make a bot the one for the present files, and have a running system serve it.

    Returns:
        Whether a system runs and serves it from now on.

    Raises:
        TongshiError: it runs, and could not load the bot.
    """
    path = bot_path(settings)
    bot.replace(path)
    try:
        answer = httpx.put(
            f"{settings.rasa_address}/model",
            params={"token": settings.secret("rasa-api")},
            json={"model_file": str(path)},
            timeout=httpx.Timeout(5, read=300),
        )
    except httpx.ConnectError:
        return False
    except httpx.HTTPError as error:
        raise TongshiError(f"The running system did not load {path}: {error or type(error).__name__}. Start it again.") from error
    if not answer.is_success:
        raise TongshiError(f"The running system did not load {path}: {answer.text[:300]}. Start it again.")
    return True


def _rasa_train(settings: Settings, path: Path, extra: Path | None = None) -> None:
    # What `rasa data validate` checks, the tests check; here it would read all wordings once more.
    command = [
        sys.executable, "-m", "rasa", "train", "--skip-validation", "--fixed-model-name", path.name.removesuffix(".tar.gz"),
        "--out", str(path.parent), "--data", "data", *([str(extra)] if extra else []),
    ]  # fmt: skip
    # On the error stream, since a command that trains may have to print JSON.
    if subprocess.run(command, cwd=ROOT, env=environment(settings), stdout=sys.stderr).returncode:
        raise TongshiError("`rasa train` failed; see its output above.")


def run(settings: Settings) -> int:
    """Start everything and stay until Ctrl-C.

    Returns:
        The exit status: 0 after Ctrl-C, else that of the part that ended.

    Raises:
        TongshiError: a port is taken.
    """
    model = train(settings)
    addresses = _addresses(settings)
    for name, address in addresses.items():
        _require_free(name, int(address.rsplit(":", 1)[1].split("/")[0]))
    password_file = settings.home / "secrets" / "desk-password"
    settings.secret("desk-password")
    manager = Manager(Printer(sys.stdout))
    for name, command in _commands(settings, model).items():
        command = [sys.executable, "-m", "tongshi.keeper", *command]
        manager.add_process(name, shlex.join(command), env=part_environment(settings, name), cwd=str(ROOT))
    watcher = threading.Thread(target=_announce, args=(settings, addresses, password_file), daemon=True)
    watcher.start()
    manager.loop()
    return 0 if manager.returncode in (0, None, 130, 143, -2, -15) else manager.returncode


def _commands(settings: Settings, model: Path) -> dict[str, list[str]]:
    python = sys.executable
    commands = {
        "actions": [python, "-m", "rasa_sdk", "--actions", "actions", "--port", str(settings.action_port)],
        "rasa": [
            python, "-m", "rasa", "run", "--model", str(model), "--interface", "127.0.0.1", "--port", str(settings.rasa_port),
            "--endpoints", str(_endpoints(settings)), "--credentials", "credentials.yml",
            # In one word, since a secret may begin with a dash.
            "--enable-api", f"--auth-token={settings.secret('rasa-api')}",
        ],
        "desk": [python, "-m", "tongshi.cli", "desk"],
    }  # fmt: skip
    if not settings.llm_url:
        commands["llm"] = [python, "-m", "tongshi.cli", "llm", "serve"]
    return commands


def _endpoints(settings: Settings) -> Path:
    """endpoints.yml with the action server's port put in."""
    endpoints = read_yaml(ROOT / "endpoints.yml")
    endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{settings.action_port}/webhook"
    path = settings.home / "run" / "endpoints.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(endpoints), "utf-8")
    return path


def environment(settings: Settings) -> dict[str, str]:
    """What the parts are started with."""
    return {
        **os.environ,
        # Engines of one's own may lie on it.
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        # Rasa's action server listens everywhere unless told otherwise.
        "SANIC_HOST": "127.0.0.1",
        "TONGSHI_HOME": str(settings.home),
    }


def part_environment(settings: Settings, part: str) -> dict[str, str]:
    """What one part of the system is started with."""
    variables = environment(settings)
    if part in _ONE_BY_ONE:
        variables.setdefault("OMP_NUM_THREADS", "1")
    return variables


def _addresses(settings: Settings) -> dict[str, str]:
    """What must answer before the system is up, by name; `llm` where it is ours."""
    addresses = {
        "actions": f"http://127.0.0.1:{settings.action_port}/health",
        "rasa": f"{settings.rasa_address}/webhooks/rest/",
        "desk": f"http://127.0.0.1:{settings.web_port}/health",
    }
    if not settings.llm_url:
        addresses["llm"] = f"http://127.0.0.1:{settings.llm_port}/health"
    return addresses


def status(settings: Settings) -> dict[str, bool]:
    """Which parts answer."""
    found = {}
    for name, address in _addresses(settings).items():
        try:
            found[name] = httpx.get(address, timeout=2).is_success
        except httpx.HTTPError:
            found[name] = False
    return found


def model_elsewhere(settings: Settings) -> str | None:
    """What keeps the language model of `TONGSHI_LLM_URL` from answering, found by having it write one token.

    Returns:
        "" where it answers; None where the model is ours, which `status` tells of.
    """
    if settings.llm_url in ("", IN_PROCESS):
        return None
    asked = [{"role": "user", "content": "OK?"}]
    try:
        read_reply(make_model(settings).stream(asked, deadline=time.monotonic() + _ASKING, most_tokens=1))
    except Unavailable as error:
        return str(error)
    return ""


def undelivered() -> list[Backlog]:
    """Channels on which messages wait, or were given up within the last week; none where there is no database yet."""
    try:
        return OutboxStore(get_database()).backlogs(clock.now() - timedelta(days=7))
    except TongshiError:
        return []


def _announce(settings: Settings, addresses: dict[str, str], password_file: Path) -> None:
    """Wait until every part answers, then say where it is."""
    began = time.monotonic()
    while not all(status(settings).values()):
        time.sleep(0.5)
        if time.monotonic() - began > 300:
            silent = [name for name, up in status(settings).items() if not up]
            print(f"Still no answer from: {', '.join(silent)}. The lines above say why.", flush=True)
            return
    trouble = model_elsewhere(settings)
    everything = "everything but the language model" if trouble else "everything"
    lines = [
        f"Chat page      http://127.0.0.1:{settings.web_port}/",
        f"Support desk   http://127.0.0.1:{settings.web_port}/desk   (password in {password_file})",
        f"Rasa           {settings.rasa_address}   (POST /webhooks/rest/webhook)",
        f"Action server  http://127.0.0.1:{settings.action_port}",
        *([f"Language model no answer: {trouble} Articles are quoted meanwhile."] if trouble else []),
        f"Tongshi is up: {everything} answers, {time.monotonic() - began:.0f} s after its start. Ctrl-C stops it.",
    ]
    print("\n" + "\n".join(lines) + "\n", flush=True)


def _require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise TongshiError(
                f"Port {port} for {name} is taken. End what listens there, or set another with TONGSHI_"
                f"{dict(actions='ACTION', rasa='RASA', desk='WEB', llm='LLM')[name]}_PORT."
            )
