"""One picture and a network: pictures of strangers, confidence, heatmaps, maps of any network."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from simpsons import CLASSES, DataError, calibration, run
from simpsons.calibration import Calibration, fit_temperature, fit_threshold
from simpsons.recognize import BadPicture, Recognizer, open_upload, tiled
from torch import Tensor, nn

pytest.importorskip("captum")
SIZE = 32


def picture(width: int = 40, height: int = 60, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bomb() -> bytes:
    """100 megapixels in a few kilobytes."""
    return encoded(Image.new("1", (10_000, 10_000)), "PNG")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "demo.empty"),
        (b"no picture", "demo.not_a_picture"),
        (SVG, "demo.not_a_picture"),
        (EPS, "demo.not_a_picture"),
        (encoded(picture(), "PNG")[:-400], "demo.damaged"),
        (encoded(picture(), "JPEG")[:900], "demo.damaged"),
        (encoded(picture(), "JPEG")[:30], "demo.damaged"),
        (bomb(), "demo.too_many_pixels"),
        (b"\0" * (21 << 20), "demo.too_large"),
    ],
    ids=["empty", "text", "svg", "eps", "cut png", "cut jpeg", "stump", "bomb", "large"],
)
def test_bad_pictures_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "sent.jpg"
    path.write_bytes(content)
    with pytest.raises(BadPicture, match=reason):
        open_upload(path)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "PNG"), ("RGBA", "PNG"), ("P", "GIF"), ("RGB", "WEBP"), ("1", "BMP")],
)
def test_odd_pictures_become_rgb(tmp_path: Path, mode: str, kind: str) -> None:
    path = tmp_path / "sent"
    path.write_bytes(encoded(picture(mode=mode), kind))
    found = open_upload(path)
    assert found.mode == "RGB" and found.size == (40, 60)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    path = tmp_path / "sent.gif"
    path.write_bytes(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert open_upload(path).getpixel((5, 5)) == (255, 0, 0)


def test_a_rotated_photo_is_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), "white")
    image.paste((255, 0, 0), (0, 0, 60, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    path = tmp_path / "sent.jpg"
    path.write_bytes(encoded(image, "JPEG", exif=exif, quality=95))
    found = open_upload(path)
    assert found.size == (40, 60)
    red, green, _ = found.getpixel((37, 30))  # type: ignore[misc]
    assert red > 200 and green < 60


class Functional(nn.Module):
    """In place, without layers between: as students write it."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, count, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu_(self.first(x))
        x = torch.nn.functional.relu(self.second(x), inplace=True)
        return x.mean(dim=(2, 3))


def sequential(count: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.5),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, count),
    )


def without_maps(count: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, count))


Builder = Callable[[int], nn.Module]


def recognizer(folder: Path, build: Builder, measured: Calibration | None = None) -> Recognizer:
    torch.manual_seed(0)
    network = build(len(CLASSES))
    run.save(folder, network, run.Config(SIZE, [0.5] * 3, [0.25] * 3))
    if measured is not None:
        calibration.save(folder, measured)
    return Recognizer(folder, build)


@pytest.mark.parametrize("build", [Functional, sequential])
def test_any_network_names_five_and_shows_where_and_what(tmp_path: Path, build: Builder) -> None:
    found = recognizer(tmp_path, build)
    answer = found.recognize(picture())
    shares = list(answer.top.values())
    assert len(shares) == 5 and shares == sorted(shares, reverse=True) and not answer.sure
    before = found.recognize(picture())
    heat = found.heatmap(picture(), answer.best)
    assert heat.size[1] == 384 and heat.mode == "RGB"
    for layer in found.layers:
        assert found.maps(picture(), layer).width > 80
    assert found.recognize(picture()) == before
    assert all(p.grad is None for p in found.network.parameters())
    assert not any(m._forward_hooks for m in found.network.modules())


def test_a_network_without_maps_still_answers(tmp_path: Path) -> None:
    found = recognizer(tmp_path, without_maps)
    assert found.layers == [] and len(found.recognize(picture()).top) == 5
    with pytest.raises(DataError, match="no layer with maps"):
        found.heatmap(picture(), CLASSES[0])


def test_the_heatmap_shows_where_the_network_looks(tmp_path: Path) -> None:
    """A bright square is the only thing in the picture, so it is what the answer rests on."""

    def build(count: int) -> nn.Module:
        convolution = nn.Conv2d(3, count, 1)
        nn.init.constant_(convolution.weight, 1.0)
        return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    found = recognizer(tmp_path, build)
    image = Image.new("RGB", (SIZE, SIZE))
    image.paste((255, 255, 255), (0, 0, SIZE // 4, SIZE // 4))
    heat = np.asarray(found.heatmap(image, CLASSES[7]), dtype=int)
    tinted = heat[..., 0] - heat[..., 2]  # more red than blue
    assert tinted[:48, :48].mean() > 100 and tinted[192:, 192:].mean() < 10


def test_who_asks_at_once_gets_the_own_answer(tmp_path: Path) -> None:
    found = recognizer(tmp_path, Functional)
    images = [Image.new("RGB", (SIZE, SIZE), (9 * n, 255 - 9 * n, 128)) for n in range(24)]
    alone = [found.recognize(image) for image in images]
    together: dict[int, object] = {}
    barrier = threading.Barrier(len(images))

    def ask(number: int) -> None:
        barrier.wait()
        together[number] = found.recognize(images[number])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, answer in enumerate(alone):
        assert list(together[number].top) == list(answer.top)  # type: ignore[attr-defined]
        assert list(together[number].top.values()) == pytest.approx(  # type: ignore[attr-defined]
            list(answer.top.values()), rel=1e-4
        )


def test_one_failing_picture_is_told_to_all_who_wait_and_then_forgotten(tmp_path: Path) -> None:
    found = recognizer(tmp_path, Functional)
    forward, found.network.forward = found.network.forward, lambda x: 1 / 0  # type: ignore
    with pytest.raises(DataError, match="division by zero"):
        found.recognize(picture())
    found.network.forward = forward
    assert len(found.recognize(picture()).top) == 5


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda count: nn.Sequential(nn.Flatten(), nn.Linear(10, count)), "fails on a picture"),
        (lambda count: nn.Conv2d(3, count, 1), "does not return 42 logits"),
    ],
)
def test_a_network_that_does_not_fit_is_told_at_the_start(
    tmp_path: Path, build: Builder, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        recognizer(tmp_path, build)


def test_a_sure_answer_needs_measured_confidence(tmp_path: Path) -> None:
    low = recognizer(tmp_path / "low", Functional, Calibration(1.0, 0.0, n=10))
    high = recognizer(tmp_path / "high", Functional, Calibration(1.0, 1.0, n=10))
    assert low.recognize(picture()).sure and not high.recognize(picture()).sure


def test_the_temperature_makes_confidence_honest() -> None:
    torch.manual_seed(0)
    truth = torch.randint(0, 10, (4000,))
    logits = torch.randn(4000, 10) + 2 * nn.functional.one_hot(truth, 10)
    labels = torch.multinomial(logits.softmax(1), 1)[:, 0]  # now the logits are honest
    assert fit_temperature(logits, labels) == pytest.approx(1.0, rel=0.1)
    assert fit_temperature(5 * logits, labels) == pytest.approx(5.0, rel=0.1)
    assert fit_temperature(logits[:0], labels[:0]) == 1.0


def test_the_threshold_keeps_right_answers_and_refuses_at_most_a_fifth() -> None:
    confidence = torch.linspace(0, 1, 1000)
    right = confidence > 0.1
    threshold = fit_threshold(confidence, right)
    assert right[confidence >= threshold].float().mean() >= 0.97 and threshold < 0.1
    hopeless = fit_threshold(confidence, torch.zeros(1000, dtype=torch.bool))
    assert (confidence >= hopeless).float().mean() >= 0.8


@pytest.mark.parametrize(
    "change", [{"temperature": 0}, {"threshold": 7}, {"mistakes": [{}]}, {"colour": 1}]
)
def test_a_damaged_calibration_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    recognizer(tmp_path, Functional, Calibration(n=3))
    path = tmp_path / calibration.FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=r"calibration\.json: cannot be used"):
        Recognizer(tmp_path, Functional)


def test_maps_are_stretched_each_and_at_most_64() -> None:
    maps = torch.stack([torch.full((2, 2), float(n)) for n in range(100)])
    maps[:, 0, 0] += 1
    sheet = np.asarray(tiled(maps, side=10))
    assert sheet.shape == (8 * 14, 8 * 14)
    assert {int(v) for v in np.unique(sheet)} == {0, 255}
