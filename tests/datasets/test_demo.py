"""The demo as a student runs it, in a browser: upload, five names, heatmap, layers, mistakes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from PIL import Image
from simpsons import CLASSES, calibration, own, run
from simpsons.calibration import Calibration, Mistake

from tests.conftest import HANG, ROOT, until
from tests.helpers.servers import Server, Visit, behind, browser, serving

pytest.importorskip("gradio")
pytest.importorskip("captum")
WORDS = {
    "en": ("What the layers see", "Show", "The worst mistakes", "taken for"),
    "ru": ("Что видят слои", "Показать", "Худшие ошибки", "принято за"),
}
MODEL = '''"""A small network of a student's own."""
from torch import nn


def build_model(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder with two networks: one is sure of everything, one of nothing."""
    home = tmp_path_factory.mktemp("student") / "06_simpsons"
    home.mkdir()
    shutil.copy(ROOT / "assignments/06_simpsons/app.py", home)
    (home / "model.py").write_text(MODEL)
    build = own.build_function(home)
    torch.manual_seed(0)
    mistake = Mistake("bart_simpson/pic_0001.jpg", 0, CLASSES[4], CLASSES[20], 0.93)
    for name, threshold in (("run", 0.0), ("unsure", 1.0)):
        scores = {"honest_f1": 0.8123, "test_f1_estimate": 0.9456}
        config = run.Config(32, [0.5] * 3, [0.25] * 3, scores=scores)
        run.save(home / name, build(42), config)
        measured = Calibration(1.0, threshold, 0.9, 0.97, 500, [mistake])
        calibration.save(home / name, measured)
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(home / "picture.jpg")
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    command = (sys.executable, "app.py", "--checkpoint", "run", "--port", "0", "--lang", "en")
    with serving(command, home) as found:
        yield found


def loaded(page: Any, picture: Any) -> bool:
    """Whether an image has arrived and could be drawn."""
    return bool(picture.count()) and bool(picture.first.evaluate("image => image.naturalWidth > 0"))


def show(visit: Visit, lang: str, file: Path) -> None:
    """Upload a picture and wait for the answer and the heatmap."""
    page = visit.page
    page.goto(f"{visit.url}/{lang}/")
    page.set_input_files("input[type=file]", file)
    page.locator(".verdict").get_by_text("%").first.wait_for()


def test_in_a_browser_upload_five_names_heatmap(home: Path, server: Server) -> None:
    with browser() as chromium:
        visit = Visit(chromium, server.url, width=390, locale="en-US")
        page = visit.page
        show(visit, "ru", home / "picture.jpg")
        assert until(lambda: loaded(page, page.locator(".heatmap img")))
        assert page.locator(".top-five dt, .top-five .label-text, .top-five .text").count() >= 5
        text = page.inner_text("body")
        assert "0.8123" in text and "0.9456" in text and "Честный F1" in text
        # An example, then a file that is no picture: a sentence, and the page lives on.
        page.reload()
        page.locator("img[src*=homer_simpson]").first.click()
        page.locator(".verdict").get_by_text("%").first.wait_for()
        bad = home / "bad.jpg"
        bad.write_bytes(b"no picture")
        page.reload()
        page.set_input_files("input[type=file]", bad)
        page.get_by_text("Это не картинка").wait_for()
        page.get_by_text("English", exact=True).click()
        page.get_by_text("Who of the Simpsons is it?").first.wait_for()
        assert not visit.elsewhere and not visit.failed and not visit.wide()
    assert httpx.get(f"{server.url}/health", timeout=HANG).text == "ok\n"
    _nobody_reads_files_of_the_server(home, server)
    _a_body_too_large_is_refused_and_the_server_lives(server)


def _nobody_reads_files_of_the_server(home: Path, server: Server) -> None:
    for path in ("/etc/passwd", str(home / "model.py"), str(home / "run" / "config.json")):
        for lang in ("en", "ru"):
            answer = httpx.get(f"{server.url}/{lang}/gradio_api/file={path}", timeout=HANG)
            assert answer.status_code in (403, 404)
        picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
        recognize = f"{server.url}/en/gradio_api/run/recognize"
        asked = httpx.post(recognize, json={"data": [picture]}, timeout=HANG)
        assert asked.status_code >= 400 and "root:" not in asked.text


def _a_body_too_large_is_refused_and_the_server_lives(server: Server) -> None:
    for size in (22 << 20, 200 << 20):

        def body(size: int = size) -> Iterator[bytes]:
            mark = b'--m\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
            yield mark
            for _ in range(size >> 20):
                yield bytes(1 << 20)
            yield b"\r\n--m--\r\n"

        headers = {
            "Content-Type": "multipart/form-data; boundary=m",
            "Content-Length": str(sum(map(len, body()))),
        }
        place = f"{server.url}/en/gradio_api/upload"
        answer = httpx.post(place, content=body(), headers=headers, timeout=HANG)
        assert answer.status_code == 413
    assert httpx.get(f"{server.url}/health", timeout=HANG).text == "ok\n"


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_two_networks_in_both_widths_and_languages(home: Path, width: int, lang: str) -> None:
    inside, button, mistakes, taken = WORDS[lang]
    command = (
        sys.executable, "app.py", "--checkpoint", "run", "--compare", "unsure", "--port", "0",
    )  # fmt: skip
    with serving(command, home) as server, browser() as chromium:
        visit = Visit(chromium, server.url, width)
        page = visit.page
        show(visit, lang, home / "picture.jpg")
        assert until(lambda: page.locator(".heatmap img").count() == 2)
        unsure = {"en": "Not sure", "ru": "Не уверена"}[lang]
        assert unsure not in page.locator(".verdict").first.inner_text()
        assert unsure in page.locator(".verdict").last.inner_text()
        page.get_by_text(inside).click()
        page.get_by_role("button", name=button, exact=True).first.focus()
        page.keyboard.press("Enter")
        assert until(lambda: loaded(page, page.locator(".maps img")))
        page.get_by_text(mistakes).click()
        page.get_by_text(taken).first.wait_for()
        visit.shot(f"demo-{width}-{lang}")
        assert not visit.elsewhere and not visit.failed and not visit.wide()
        assert server.stop() == 0


@pytest.mark.slow
def test_behind_a_reverse_proxy(home: Path) -> None:
    command = (
        sys.executable, "app.py", "--checkpoint", "run", "--port", "0", "--root-path", "/demo",
    )  # fmt: skip
    with serving(command, home) as server, browser() as chromium:
        own = server.url.removesuffix("/demo")
        with behind("/demo", own) as outside:
            visit = Visit(chromium, f"{outside}/demo")
            show(visit, "ru", home / "picture.jpg")
            assert until(lambda: loaded(visit.page, visit.page.locator(".heatmap img")))
            assert not visit.elsewhere and not visit.failed


@pytest.mark.slow
def test_examples_paste_and_a_wrong_run(home: Path, server: Server) -> None:
    with browser() as chromium:
        visit = Visit(chromium, server.url)
        page = visit.page
        page.goto(f"{server.url}/en/")
        page.locator("img[src*=homer_simpson]").first.click()
        page.locator(".verdict").get_by_text("%").first.wait_for()
        assert not visit.failed
    (home / "empty").mkdir(exist_ok=True)
    for words, message in (
        (("--checkpoint", "empty"), "no config.json"),
        (("--checkpoint", "run", "--compare", "nowhere"), "no config.json"),
        (("--checkpoint", "run", "--data", "empty"), "no prepared data"),
        (("--checkpoint", "run", "--port", "1", "--host", "203.0.113.7"), "cannot be served"),
    ):
        line = [sys.executable, "app.py", *words]
        found = subprocess.run(line, cwd=home, capture_output=True, text=True)
        assert found.returncode == 2 and message in found.stderr, found.stderr
        assert "Traceback" not in found.stderr
