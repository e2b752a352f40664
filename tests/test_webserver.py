"""The web server's configuration in docs/operating.md: nginx takes it, and passes on what is meant for customers and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from tongshi.evaluation.running import free_port
from tongshi.settings import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="needs Debian's nginx-light")


class _Tells(BaseHTTPRequestHandler):
    """Answers with its port, and what it was asked for by whom."""

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        self.send_response(200)
        self.end_headers()
        told = (self.server.server_port, self.path, self.headers["X-Forwarded-For"], self.headers.get("Upgrade", "-"))
        self.wfile.write(" ".join(map(str, told)).encode())

    do_POST = do_GET

    def log_message(self, *_) -> None:
        pass


@contextmanager
def telling():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tells)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """nginx as configured, without its certificate, before two servers that tell what reaches them: the desk's and Rasa's port."""
    folder, port, plain = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    with telling() as desk, telling() as rasa:
        block = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/operating.md").read_text("utf-8"), re.S)[1]
        block = re.sub(r"\n *ssl_certificate.*", "", block).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
        block = (
            block.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace(":8080", f":{desk}").replace(":5005", f":{rasa}")
        )
        paths = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        file = folder / "nginx.conf"
        file.write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; events {{}} http {{ access_log off; {paths}\n{block} }}"
        )
        command = ["nginx", "-p", str(folder), "-c", str(file)]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-Forwarded-For": "6.6.6.6"}, timeout=10) as client:
            client.desk, client.rasa = desk, rasa
            _wait_for(client)
            yield client
        process.terminate()
        process.wait(10)


def _wait_for(client: httpx.Client) -> None:
    for _ in range(100):
        try:
            client.get("/")
            return
        except httpx.ConnectError:
            time.sleep(0.05)


DESK = (
    "/",
    "/help",
    "/help/en",
    "/widget",
    "/widget.js",
    "/static/chat.js",
    "/api/session",
    "/api/stream?x=1",
    "/api/speech/said",
)
RASA = (
    *(f"/webhooks/{name}/webhook" for name in ("slack", "telegram", "messenger", "whatsapp", "wechat", "phone")),
    "/webhooks/whatsapp/status",
    "/socket.io/?EIO=4",
)


def test_what_is_for_customers_is_passed_on_with_the_address_that_it_comes_from(site):
    for port, paths in ((site.desk, DESK), (site.rasa, RASA)):
        for path in paths:
            assert site.get(path).text == f"{port} {path} 127.0.0.1 -"
    assert site.get("/socket.io/", headers={"Upgrade": "websocket"}).text.endswith(" websocket")


@pytest.mark.parametrize(
    "path",
    [
        "/internal/live",
        "/health",
        "/webhooks/rest/webhook",
        "/webhooks/web/webhook",
        "/webhooks/explain/message",
        "/model",
        "/widgets",
    ],
)
def test_what_is_for_nobody_outside_is_not_there(site, path):
    assert site.get(path).status_code == site.post(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/login", "/desk/api/session", "/desk/", "/static/..%2fdesk", "/static/%2e%2e/desk"]
)
def test_the_desk_is_for_ones_own_networks(site, path):
    assert site.get(path).status_code == 403


@pytest.mark.parametrize(
    ("path", "most"), [("/api/messages", 64 * 1024), ("/api/photos", 11 * 2**20), ("/api/speech/heard", 5 * 2**20)]
)
def test_bodies_are_as_large_as_the_desk_takes_them(site, path, most):
    assert site.post(path, content=bytes(most - 1024)).status_code == 200
    assert site.post(path, content=bytes(most + 1024)).status_code == 413
