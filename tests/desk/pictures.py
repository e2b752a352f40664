"""Makes the pictures of docs/widget.md: the open widget on a shop's page, one in each language.

python -m tests.desk.pictures docs/images/languages
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import yaml
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import ARGUMENTS
from tests.desk.conftest import Site, running
from tests.desk.test_page import Shop
from tongshi.settings import LANGUAGES, ROOT, Settings

_ARTICLE = "returns-window"
_WIDTH, _HEIGHT = 400, 640
_COLOURS = 64


def article(language: str) -> tuple[str, str, str]:
    """A question, what is answered to it, and the title of the article that it rests on."""
    _, head, text = (ROOT / f"data/knowledge/{language}/{_ARTICLE}.md").read_text("utf-8").split("---\n", 2)
    about = yaml.safe_load(head)
    return about["questions"][0], text.strip().split("\n\n")[0], about["title"]


def picture(browser: Browser, shop: Shop, site: Site, language: str) -> bytes:
    """The widget with a question and its answer, as PNG."""
    question, answer, title = article(language)
    cited = {"article": _ARTICLE, "quote": answer, "lang": language, "title": title}
    site.bot.says = [{"text": answer, "custom": {"citations": [cited]}}]
    context = browser.new_context(locale=language, viewport={"width": _WIDTH, "height": _HEIGHT}, reduced_motion="reduce")
    page = context.new_page()
    script = f'<script src="{site.url}/widget.js" data-lang="{language}" data-open></script>'
    shop.markup = f'<!doctype html><html lang="{language}"><title>Shop</title>{script}</html>'.encode()
    page.goto(f"http://localhost:{shop.server_port}/?{site.url}")
    chat = page.frame_locator("tongshi-chat iframe")
    chat.locator("#composer textarea").fill(question)
    chat.locator("#composer textarea").press("Enter")
    expect(chat.locator(".citation").first).to_be_visible()
    page.wait_for_timeout(500)  # until the field has the focus again, of which a picture shows nothing
    chat.locator("#composer textarea").blur()
    taken = page.screenshot()
    context.close()
    small = io.BytesIO()
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(_COLOURS).save(small, "PNG", optimize=True)
    return small.getvalue()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop("")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        settings = Settings(home=Path(home), encoder="use", widget_origins=f"http://localhost:{shop.server_port}")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        with running(replace(settings, session_rate=1000, address_rate=1000)) as site:
            for language in LANGUAGES:
                (folder / f"{language}.png").write_bytes(picture(browser, shop, site, language))
        browser.close()
    shop.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
