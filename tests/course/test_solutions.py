"""The solutions equal torchvision's networks and give the lesson's numbers."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402  # after importorskip

ROOT = Path(__file__).parent.parent.parent
torch.set_num_threads(1)


def load(path: str) -> ModuleType:
    file = ROOT / "solutions" / path
    spec = importlib.util.spec_from_file_location(f"solution_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


alexnet = load("01_alexnet/alexnet.py")
vgg = load("02_vgg/vgg.py")
gradients = load("03_gradients/gradients.py")
resnet = load("04_resnet/resnet.py")
densenet = load("05_densenet/densenet.py")


@pytest.fixture(scope="module")
def models() -> ModuleType:
    from simpsons.vision import torchvision

    try:
        return torchvision().models
    except ImportError:
        pytest.skip("torchvision is not installed: pip install -c constraints.txt -e '.[test]'")


def randomise(module: nn.Module) -> None:
    """Nothing may hide behind ones and zeros."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if not tensor.is_floating_point():
            continue
        with torch.no_grad():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2, generator=generator)
            elif tensor.ndim > 1:
                fan_in = tensor.numel() // tensor.shape[0]
                tensor.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            else:
                tensor.uniform_(0.5, 1.5, generator=generator)


def transplant(source: nn.Module, target: nn.Module) -> None:
    """Move weights by order and shape; the names differ."""
    ours, theirs = target.state_dict(), source.state_dict()
    assert [tuple(t.shape) for t in ours.values()] == [tuple(t.shape) for t in theirs.values()]
    target.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))


def assert_equal_networks(ours: nn.Module, theirs: nn.Module, shape: tuple[int, ...]) -> None:
    """Same outputs and input gradients in float64, in eval and in train mode."""
    ours, theirs = ours.double(), theirs.double()
    randomise(theirs)
    transplant(theirs, ours)
    for training in (False, True):
        x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        results: list[tuple[Tensor, Tensor]] = []
        for network in (ours, theirs):
            network.train(training)
            leaf = x.clone().requires_grad_()
            torch.manual_seed(7)  # dropout
            output = network(leaf)
            (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
            assert leaf.grad is not None
            results.append((output.detach(), leaf.grad))
        for got, expected in zip(*results, strict=True):
            assert (got - expected).abs().max() / expected.abs().max() < 1e-9


@pytest.mark.parametrize(("inplanes", "planes", "stride"), [(8, 8, 1), (8, 12, 2), (8, 8, 2)])
def test_residual_block_equals_torchvision(
    models: ModuleType, inplanes: int, planes: int, stride: int
) -> None:
    down = None
    if stride != 1 or inplanes != planes:
        down = nn.Sequential(
            nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
        )
    theirs = models.resnet.BasicBlock(inplanes, planes, stride, down)
    assert_equal_networks(resnet.ResidualBlock(inplanes, planes, stride), theirs, (2, 8, 6, 10))


@pytest.mark.parametrize(("inplanes", "planes", "stride"), [(16, 4, 1), (8, 4, 2), (16, 4, 2)])
def test_bottleneck_equals_torchvision(
    models: ModuleType, inplanes: int, planes: int, stride: int
) -> None:
    down = None
    if stride != 1 or inplanes != 4 * planes:
        down = nn.Sequential(
            nn.Conv2d(inplanes, 4 * planes, 1, stride, bias=False), nn.BatchNorm2d(4 * planes)
        )
    theirs = models.resnet.Bottleneck(inplanes, planes, stride, down)
    ours = resnet.BottleneckBlock(inplanes, planes, stride)
    assert_equal_networks(ours, theirs, (2, inplanes, 6, 10))


@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_equals_torchvision(models: ModuleType, depth: int) -> None:
    theirs = getattr(models, f"resnet{depth}")(num_classes=10)
    assert_equal_networks(resnet.ResNet(depth, 10), theirs, (2, 3, 64, 64))


def test_densenet_equals_torchvision(models: ModuleType) -> None:
    theirs = models.densenet121(num_classes=10)
    assert_equal_networks(densenet.DenseNet(121, 32, 10), theirs, (2, 3, 64, 64))


@pytest.mark.parametrize("batch_norm", [pytest.param(False, marks=pytest.mark.slow), True])
def test_vgg_equals_torchvision(models: ModuleType, batch_norm: bool) -> None:
    # Small pictures and narrow fully connected layers: the same network, minutes faster in
    # float64. Pooling to 7 x 7 changes nothing at the paper's size, and would at this one.
    name = "vgg11_bn" if batch_norm else "vgg11"
    theirs = getattr(models, name)(num_classes=10)
    ours = vgg.VGG(11, 10, batch_norm)
    for network in (ours, theirs):
        network.classifier[0] = nn.Linear(512 * 2 * 2, 64)
        network.classifier[3] = nn.Linear(64, 64)
        network.classifier[6] = nn.Linear(64, 10)
    theirs.avgpool = nn.Identity()
    assert_equal_networks(ours, theirs, (1, 3, 64, 64))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("family", "depth"),
    [("resnet", d) for d in (18, 34, 50, 101, 152)]
    + [("densenet", d) for d in (121, 169, 201)]
    + [("vgg", d) for d in (11, 13, 16, 19)],
)
def test_counts_equal_torchvision(models: ModuleType, family: str, depth: int) -> None:
    ours = {"resnet": resnet.ResNet, "densenet": densenet.DenseNet}.get(family)
    with torch.device("meta"):
        expected = count(getattr(models, f"{family}{depth}")())
        got = count(ours(depth) if ours else vgg.VGG(depth, batch_norm=False))
    assert got == expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: alexnet.AlexNet(), 62_379_048),
        (lambda: vgg.VGG(11, batch_norm=False), 132_863_336),
        (lambda: vgg.VGG(13, batch_norm=False), 133_047_848),
        (lambda: vgg.VGG(16, batch_norm=False), 138_357_544),
        (lambda: vgg.VGG(19, batch_norm=False), 143_667_240),
        (lambda: resnet.ResNet(18), 11_689_512),
        (lambda: resnet.ResNet(34), 21_797_672),
        (lambda: resnet.ResNet(50), 25_557_032),
        (lambda: resnet.ResNet(101), 44_549_160),
        (lambda: resnet.ResNet(152), 60_192_808),
        (lambda: densenet.DenseNet(121), 7_978_856),
        (lambda: densenet.DenseNet(169), 14_149_480),
        (lambda: densenet.DenseNet(201), 20_013_928),
    ],
)
def test_counts_equal_the_papers(make, expected: int) -> None:
    with torch.device("meta"):
        assert count(make()) == expected


def test_lesson_numbers() -> None:
    tenths = (0.1, 0.1, 0.1, 0.1)
    plain = gradients.first_weight_gradient(*tenths)
    skip = gradients.first_weight_gradient_with_skip(*tenths)
    assert plain == pytest.approx(1e-4)
    assert skip == pytest.approx(0.0101)
    assert skip / plain == pytest.approx(101)


def test_chain_rules_equal_autograd() -> None:
    w1, w2, w3, x, slope = (
        torch.tensor(v, dtype=torch.float64) for v in (0.7, -1.3, 0.4, 2.0, 3.0)
    )
    w1.requires_grad_()
    for with_skip in (False, True):
        x1 = w1 * x
        x3 = w3 * (w2 * x1) + (x1 if with_skip else 0)
        (expected,) = torch.autograd.grad(slope * x3, w1)
        rule = gradients.first_weight_gradient_with_skip if with_skip else None
        got = (rule or gradients.first_weight_gradient)(slope, w3, w2, x)
        assert got == pytest.approx(expected.item())


def test_activation_maps_of_the_lesson() -> None:
    sizes: list[tuple[int, ...]] = []
    network = alexnet.AlexNet(num_classes=10).eval()
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda m, i, output: sizes.append(tuple(output.shape[1:])))
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 227, 227)).shape == (1, 10)
    assert sizes == [(96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13)]


def test_gradient_norms_equal_backward() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    x = torch.randn(2, 3, 8, 8)
    got = gradients.gradient_norms(network, x)
    assert all(p.grad is None for p in network.parameters())
    network(x).sum().backward()
    named = {n: p for n, p in network.named_parameters() if p.ndim > 1}
    assert list(got) == list(named)
    for name, parameter in named.items():
        assert parameter.grad is not None
        assert got[name] == pytest.approx(parameter.grad.norm().item(), rel=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: vgg.VGG(depth=12),
        lambda: resnet.ResNet(depth=20),
        lambda: densenet.DenseNet(depth=100),
        lambda: gradients.FourConvNet("multiply"),
    ],
)
def test_unknown_arguments_are_refused(call) -> None:
    with pytest.raises(ValueError, match="must be"):
        call()
