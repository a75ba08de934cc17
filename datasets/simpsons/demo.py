"""The demo as a server: a page for each language, examples, health, no request to elsewhere."""

import base64
import html
import io
import os
import re
from abc import ABCMeta
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from simpsons.classes import CLASSES
from simpsons.data import Data
from simpsons.errors import DataError
from simpsons.recognize import MAX_BYTES
from simpsons.serving import App, Guard, Receive, Scope, Send, serve

LANGUAGES = ("en", "ru")
EXAMPLES = ("homer_simpson", "marge_simpson", "bart_simpson", "lisa_simpson")
# Gradio's page would fetch fonts and a script from elsewhere: refused twice, here and in theme().
HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "object-src 'none'; base-uri 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
KEPT_SECONDS = 3600  # pictures of visitors, then they are deleted
CSS = """
.verdict p { font-size: 1.35rem !important; font-weight: 600; margin: 0; }
.languages { text-align: right; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; }
.mistakes figure { margin: 0; } .mistakes img { width: 100%; border-radius: .4rem; }
footer { display: none !important; }
"""


def gradio() -> Any:
    """Gradio, told to keep to itself.

    Raises:
        DataError: it is not installed.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import gradio
    except ImportError:
        raise DataError(
            "the demo needs gradio and captum: pip install -c constraints.txt -e '.[demo]'"
        ) from None
    return gradio


def picture_input(label: str) -> Any:
    """An image component that gives the file as it was sent, to be opened with care.

    Gradio's own reading would decode anything of any size.
    """
    image = gradio().Image

    def preprocess(self: Any, sent: Any) -> Path | None:
        return Path(sent.path) if sent and sent.path else None

    own = {"preprocess": preprocess, "is_template": True, "__module__": __name__}
    # Without gradio's metaclass, which writes a .pyi file beside the module of every component;
    # and a class, because gradio makes a component anew when an example is chosen.
    component = ABCMeta.__new__(type(image), "Picture", (image,), own)
    sources = ["upload", "clipboard", "webcam"]
    return component(label=label, type="filepath", sources=sources, height=320)


def drawn_examples(folder: Path, side: int = 192) -> list[Path]:
    """Pictures drawn by a program, so that nobody's are shipped."""
    from simpsons.synthetic import draw_picture, make_cast

    cast = make_cast()
    paths = []
    for number, name in enumerate(EXAMPLES):
        random = np.random.default_rng([number, 7])
        path = folder / f"{name}.png"
        draw_picture(cast[CLASSES.index(name)], side, random).save(path)
        paths.append(path)
    return paths


def figures(data: Data, rows: Sequence[int], texts: Sequence[str]) -> str:
    """Prepared pictures as HTML, each with a text below it."""
    found = []
    for row, text in zip(rows, texts, strict=True):
        png = io.BytesIO()
        Image.fromarray(data.train[row].permute(1, 2, 0).numpy()).save(png, "PNG")
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        told = html.escape(text)
        found.append(f'<figure><img src="{source}" alt=""><figcaption>{told}</figcaption></figure>')
    return f'<div class="mistakes">{"".join(found)}</div>'


def other_language(lang: str) -> str:
    """A link to the page in the other language."""
    other, name = ("ru", "Русский") if lang == "en" else ("en", "English")
    return f'<p class="languages"><a href="../{other}/" lang="{other}">{name}</a></p>'


def page_language(scope: Scope, preferred: str) -> str:
    """Russian or English, whichever the browser names first."""
    headers = dict(scope.get("headers", ()))
    accepted = headers.get(b"accept-language", b"").decode("latin-1").lower()
    found = re.search(r"\b(ru|en)\b", accepted)
    return found.group(1) if found else preferred


def make_app(
    build_page: Callable[[str, Sequence[Path]], Any],
    examples: Path,
    root_path: str = "",
    preferred: str = "en",
) -> App:
    """/en/ and /ru/ are the pages that build_page makes; / leads to one of them."""
    from fastapi import FastAPI, Request
    from fastapi.responses import PlainTextResponse, RedirectResponse, Response

    gr = gradio()
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @api.get("/health")
    def health() -> Response:
        return PlainTextResponse("ok\n")

    @api.get("/")
    def index(request: Request) -> Response:
        lang = page_language(request.scope, preferred)
        return RedirectResponse(f"{root_path}/{lang}/", 303)

    @api.get("/favicon.ico")
    @api.get("/manifest.json")
    def nothing() -> Response:
        return Response(status_code=204)

    drawn = drawn_examples(examples)
    theme = gr.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["system-ui", "sans-serif"]
    )
    for lang in LANGUAGES:
        page = build_page(lang, drawn)
        # Gradio refuses paths that were not uploaded only in pages that it launched itself.
        page.has_launched = True
        gr.mount_gradio_app(
            api,
            page,
            path=f"/{lang}",
            root_path=f"{root_path}/{lang}",  # without it answers name files of another path
            theme=theme,
            css=CSS,
            head=_speak(lang),
            footer_links=[],
            max_file_size=MAX_BYTES,
            allowed_paths=[str(examples)],
            show_error=True,
            ssr_mode=False,
            enable_monitoring=False,
        )

    async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("too large\n", 413)(scope, receive, send)

    return Guard(api, HEADERS, MAX_BYTES + (1 << 20), too_large)


def _speak(lang: str) -> str:
    """Gradio's own words follow the browser's language; here the page's."""
    return (
        f"<script>for (const [k, v] of [['language', '{lang}'], ['languages', ['{lang}']]])"
        " Object.defineProperty(navigator, k, {get: () => v});"
        f"document.documentElement.lang = '{lang}';</script>"
    )


def run(
    build_page: Callable[[str, Sequence[Path]], Any],
    host: str,
    port: int,
    root_path: str = "",
    preferred: str = "en",
) -> None:
    """Serve the demo until it is stopped."""
    import torch

    torch.set_num_threads(1)  # requests share the cores; more threads wait for each other
    with TemporaryDirectory(prefix="simpsons-demo-") as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", f"{folder}/gradio")
        examples = Path(folder, "examples")
        examples.mkdir()
        serve(make_app(build_page, examples, root_path, preferred), host, port, root_path)
