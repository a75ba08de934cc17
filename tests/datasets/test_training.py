"""The helpers of the homework's training: batches, schedule, Muon, accumulation, weights, run."""

import json
from pathlib import Path

import pytest
import torch
from simpsons import DataError, run, training
from simpsons.data import CELL, Batches, Shard, normalise, unlabelled
from simpsons.muon import Muon, orthogonal
from torch import Tensor, nn

IMAGES = torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(256, 3, 8, 8)
LABELS = torch.arange(256) % 42


def noisy(batch: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randint(0, 9, batch.shape, generator=generator, dtype=torch.uint8)
    return batch // 2 + noise


def epoch(
    shard: Shard | None = None, number: int = 0, seed: int = 0
) -> list[tuple[Tensor, Tensor]]:
    rows = torch.arange(200)
    arguments = (IMAGES, LABELS, rows, 2 * CELL, [0.5] * 3, [0.25] * 3)
    return list(Batches(*arguments, augment=noisy, epoch=number, seed=seed, shard=shard))


def test_every_process_gets_its_part_of_the_same_augmented_batches() -> None:
    whole = epoch()
    shards = [epoch(Shard(rank, 2)) for rank in range(2)]
    pieces = epoch(Shard(accumulate=2))
    assert len(whole) == 200 // (2 * CELL)
    for number, (images, labels) in enumerate(whole):
        for parts in ([shard[number] for shard in shards], pieces[2 * number : 2 * number + 2]):
            assert torch.equal(torch.cat([part[0] for part in parts]), images)
            assert torch.equal(torch.cat([part[1] for part in parts]), labels)


def test_epochs_and_seeds_differ_and_repeat() -> None:
    first = epoch()[0][0]
    assert torch.equal(first, epoch()[0][0])
    assert not torch.equal(first, epoch(number=1)[0][0])
    assert not torch.equal(first, epoch(seed=1)[0][0])


def test_an_epoch_shows_no_picture_twice() -> None:
    plain = Batches(
        IMAGES, LABELS, torch.arange(200), CELL, [0.0] * 3, [1.0] * 3, augment=lambda b, g: b
    )
    seen = torch.cat([images[:, 0, 0, 0] for images, _ in plain])
    assert len(seen) == 200 // CELL * CELL
    assert len(seen.unique()) == len(seen)


def test_prediction_keeps_the_order_and_the_last_pictures() -> None:
    rows = torch.tensor([5, 3, 200, 1])
    (batch,) = unlabelled(IMAGES, rows, [0.0] * 3, [1.0] * 3)
    assert (batch[:, 0, 0, 0] * 255).round().tolist() == [5, 3, 200, 1]


def test_normalise_is_mean_and_standard_deviation_of_each_channel() -> None:
    images = torch.randint(0, 256, (2, 3, 6, 5), dtype=torch.uint8)
    mean, std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    expected = (images / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    torch.testing.assert_close(normalise(images, mean, std), expected)


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(DataError, match=f"multiple of {CELL * 4}"):
        epoch(Shard(accumulate=4))


def test_the_schedule_rises_once_and_falls_to_zero() -> None:
    factor = training.schedule(100, 0.2)
    values = [factor(step) for step in range(101)]
    top = values.index(max(values))
    assert 19 <= top <= 21
    assert values[:top] == sorted(values[:top])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert values[0] > 0
    assert values[100] == 0


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (8, 8)])
def test_muon_makes_all_directions_about_equally_long(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    matrix[:, 0] *= 30
    before, after = (torch.linalg.svdvals(m) for m in (matrix, orthogonal(matrix)))
    assert before.max() / before.median() > 5
    assert after.max() < 1.3
    assert after.median() > 0.5


def test_muon_learns() -> None:
    torch.manual_seed(0)
    layer, target = nn.Linear(6, 4, bias=False), torch.randn(4, 6)
    optimizer = Muon(layer.parameters(), lr=0.05)
    start = float((layer.weight.detach() - target).norm())
    for _ in range(100):
        optimizer.zero_grad()
        (layer.weight - target).square().sum().backward()
        optimizer.step()
    assert float((layer.weight.detach() - target).norm()) < 0.2 * start


def test_accumulated_batches_step_as_one() -> None:
    torch.manual_seed(0)
    inputs, labels = torch.randn(8, 5), torch.randint(0, 3, (8,))
    weights = []
    for every in (1, 2):
        torch.manual_seed(1)
        layer = nn.Linear(5, 3)
        sgd = torch.optim.SGD(layer.parameters(), lr=0.5)
        optimizer = training.Optimizers([sgd], lambda step: 1.0, every)
        loss_fn = optimizer.loss(nn.functional.cross_entropy)
        for x, y in zip(inputs.chunk(every), labels.chunk(every), strict=True):
            optimizer.zero_grad()
            loss_fn(layer(x), y).backward()
            optimizer.step()
        weights.append(layer.weight.detach())
    torch.testing.assert_close(*weights)


def test_rare_classes_weigh_more_and_the_mean_stays_one() -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    even, some = (training.class_weights(labels, 3, balance) for balance in (0, 0.5))
    assert even.tolist() == [1, 1, 1]
    assert some[1] / some[0] == pytest.approx(3)
    assert float(some[labels].mean()) == pytest.approx(1)


class Net(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(3, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def test_a_run_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    config = run.Config(64, [0.1, 0.2, 0.3], [0.4, 0.5, 0.6], scores={"honest_f1": 0.9})
    network = Net(42)
    run.save(tmp_path / "run", network, config)
    found, again = run.load(tmp_path / "run", Net)
    assert again == config
    assert not found.training
    torch.testing.assert_close(found.state_dict(), network.state_dict())
    assert "0.9000" in again.told()[0]
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_a_full_disk_leaves_the_old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = run.Config(64, [0.1] * 3, [0.4] * 3)
    run.save(tmp_path, Net(42), config)
    before = (tmp_path / "model.safetensors").read_bytes()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(DataError, match="No space left"):
        run.save(tmp_path, Net(42), config)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert json.loads((tmp_path / "config.json").read_text())["size"] == 64


def test_resuming_needs_the_same_settings(tmp_path: Path) -> None:
    network, other = Net(42), run.Config(32, [0.1] * 3, [0.4] * 3)
    settings = run.Config(64, [0.1] * 3, [0.4] * 3)
    sgd = torch.optim.SGD(network.parameters(), lr=0.1)
    optimizer = training.Optimizers([sgd], lambda step: 1.0)
    training.Progress(network, optimizer, settings, seconds=2.5, epoch=3).save(tmp_path)
    again = training.Progress(network, optimizer, settings)
    again.restore(tmp_path)
    assert (again.epoch, again.seconds) == (3, 2.5)
    with pytest.raises(DataError, match="size was 64"):
        training.Progress(network, optimizer, other).restore(tmp_path)
    (tmp_path / "resume.pt").write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot be read"):
        again.restore(tmp_path)


def test_too_large_a_network_is_told_what_to_do() -> None:
    with pytest.raises(DataError, match="global average pooling"):
        run.check_size(nn.Linear(5000, 5000))


def test_a_new_head_replaces_the_last_layer_of_torchvision() -> None:
    from simpsons.vision import torchvision

    try:
        torchvision()
    except ImportError:
        pytest.skip("torchvision is not installed")
    network = run.make_model("torchvision/resnet18", 42, Net)
    assert network.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 42)
