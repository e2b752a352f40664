"""What all pages of the desk share: the sign-in, the words in the reader's language, the templates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from tongshi.desk.help import accepted_language
from tongshi.desk.sessions import Cookie, new_session
from tongshi.desk.texts import Texts, languages, texts
from tongshi.settings import LANGUAGES, Settings

Page = Callable[[Request], Awaitable[Response]]


class Frame:
    """Renders pages for who is signed in.

    Args:
        cookie: names the session of who is signed in.
        visits: names that of who is about to sign in.
    """

    def __init__(self, cookie: Cookie, visits: Cookie, settings: Settings) -> None:
        self._cookie = cookie
        self._visits = visits
        self._settings = settings
        self._templates = Jinja2Templates(Path(__file__).with_name("templates"))
        self._templates.env.filters["segment"] = segment

    def signed_in(self, page: Page) -> Page:
        """A page for who is signed in; others are led to the sign-in."""

        async def guarded(request: Request) -> Response:
            session = self._cookie.read(request)
            if session is None:
                return RedirectResponse("/desk/login", 303)
            if request.method == "POST" and not self._cookie.is_token(str((await request.form()).get("csrf", "")), session):
                return self.sign_in(request, 403, error=self.texts(request)("login.too_old"))
            return await page(request)

        return guarded

    def sign_in(self, request: Request, status: int = 200, **values: Any) -> Response:
        """The page that asks for the password; its form counts in this browser only."""
        visit = self._visits.read(request) or new_session()
        response = self.render(request, "login.html", status, csrf=self._visits.token(visit), **values)
        self._visits.write(request, response, visit)
        return response

    def is_sign_in(self, request: Request, token: str) -> bool:
        """Whether a form with this token was made by `sign_in` for the browser that sends it."""
        return self._visits.is_token(token, self._visits.read(request))

    def texts(self, request: Request) -> Texts:
        """The desk's words in the language that the browser likes best of those that there are, else in English."""
        return texts(accepted_language(request.headers.get("accept-language", ""), "en", languages()))

    def language_names(self, request: Request) -> dict[str, str]:
        """What the twelve languages are called."""
        t = self.texts(request)
        return {code: t.named("languages", code) for code in LANGUAGES}

    def render(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page; a template finds the words as `t` and the twelve languages' names as `languages`."""
        session = self._cookie.read(request)
        context = {
            "t": self.texts(request),
            "languages": self.language_names(request),
            "csrf": self._cookie.token(session) if session else "",
            "shop": self._settings.shop,
            **values,
        }
        headers = {"Vary": "Accept-Language"}
        return self._templates.TemplateResponse(request, template, context, status_code=status, headers=headers)


def segment(text: str) -> str:
    """A text as one segment of an address, whatever stands in it."""
    return quote(text, safe="")
