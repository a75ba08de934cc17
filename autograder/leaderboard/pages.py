"""The leaderboard's pages, in Russian and English: no script, everything escaped."""

import functools
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.course.messages import LANGUAGES, Catalogue
from autograder.leaderboard.rules import Rules


@functools.cache
def catalogue(lang: str) -> Catalogue:
    """The texts of a language, read once."""
    return Catalogue.load(lang)


def language(request: Request) -> str:
    """The one asked for, chosen before, or preferred by the browser."""
    wished = (request.query_params.get("lang"), request.cookies.get("lang"))
    for lang in wished:
        if lang in LANGUAGES:
            return lang
    accepted = request.headers.get("accept-language", "").lower()
    first = min(LANGUAGES, key=lambda lang: accepted.find(lang) % (len(accepted) + 1))
    return first if first in accepted else "en"


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("autograder.leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    request: Request, name: str, rules: Rules, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page from its template."""
    texts = catalogue(language(request))
    html = (
        _templates()
        .get_template(name)
        .render(
            say=texts.say,
            lang=texts.lang,
            other=next(lang for lang in LANGUAGES if lang != texts.lang),
            rules=rules,
            root=request.scope.get("root_path", ""),
            here=request.url.path if request.method == "GET" else "",
            **values,
        )
    )
    response = HTMLResponse(html, status)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            "lang", texts.lang, max_age=365 * 24 * 3600, httponly=True, samesite="lax"
        )
    return response
