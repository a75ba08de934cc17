"""Training: prepared pictures make a trained network.

Lesson block: homework. Run it as::

    simpsons prepare --zip journey-springfield.zip --out DIR      # or: simpsons synthesize
    python train.py --data DIR --out RUN

and on several processes as ``torchrun --nproc-per-node 2 train.py --data DIR --out RUN``.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from augment import augment
from model import build_model
from predict import predict
from simpsons import CLASSES, DataError, calibration, plots, run, scores, training
from simpsons.command import command
from simpsons.data import Batches, Data, Shard, load, statistics, unlabelled
from simpsons.muon import Muon
from simpsons.progress import Display
from torch import Tensor, nn

FASTER = "Fewer --epochs, or a stem with a larger stride in model.py, or a GPU, will be faster."


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are plain; recipe() below is where yours goes.

    optimizer: "sgd", or "muon" (simpsons/muon.py) for weights with two or more dimensions.
    warmup: share of the steps in which the learning rate rises; then it falls to zero.
    label_smoothing: how much of the target goes to all other classes. balance: how much rare
    classes weigh more, from 0 (every picture alike) to 1 (every class alike).
    """

    epochs: int = 4
    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: float = 0.0
    label_smoothing: float = 0.0
    balance: float = 0.0
    seed: int = 0
    accumulate: int = 1
    pretrained: str = ""
    precision: str = "float32"


def recipe() -> Recipe:
    """Your recipe; what the command line names replaces it there."""
    # TODO: return Recipe() for a start. Then look at the curves: what should change?
    # BEGIN SOLUTION
    return Recipe(
        epochs=15,
        batch_size=128,
        optimizer="muon",
        learning_rate=0.04,
        weight_decay=0.1,
        warmup=0.15,
        label_smoothing=0.1,
        balance=0.1,
    )
    # END SOLUTION


def train_one_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> float:
    """Show the network every batch once and improve it after each; return the mean loss.

    The network is put into train mode first. The gradients of one batch are gone before those
    of the next are computed. The loss gets the logits as they are: it contains the softmax.
    The mean is a number, not a tensor that remembers how it was computed.

    Args:
        model: returns logits.
        batches: pairs of normalised pictures and class numbers; used up by one pass.
        optimizer: knows the parameters of the model.
        loss_fn: loss_fn(logits, labels) is the mean loss of a batch.

    Shape:
        each batch (B, 3, H, W) and (B,)
    """
    # TODO: train mode; for each batch: zero the gradients, forward, loss, backward, step.
    # BEGIN SOLUTION
    model.train()
    total, count = 0.0, 0
    for images, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        count += 1
    return total / count
    # END SOLUTION


def train(data: Data, out: Path, plan: Recipe, team: training.Team, resume: bool) -> None:
    """Train as planned; after every epoch the run folder holds a network that predicts."""
    torch.manual_seed(plan.seed)
    training.keep_memory()
    architecture = f"torchvision/{plan.pretrained}" if plan.pretrained else run.OWN
    network = run.make_model(architecture, len(CLASSES), build_model, pretrained=True)
    run.check_size(network)
    network.to(team.device, memory_format=torch.channels_last)
    mixed = plan.precision == "bfloat16"
    model = team.wrap(training.MixedPrecision(network) if mixed else network)
    rows, held = torch.nonzero(~data.held_out)[:, 0], torch.nonzero(data.held_out)[:, 0]
    mean, std = statistics(data, rows)
    shard = Shard(team.rank, team.world, plan.accumulate)

    def batches(epoch: int) -> Batches:
        return Batches(
            data.train, data.labels, rows, plan.batch_size, mean, std,
            augment=augment, seed=plan.seed, epoch=epoch, shard=shard, device=team.device,
        )  # fmt: skip

    def guesses(images: Tensor, chosen: Tensor) -> Tensor:
        """Predicted as predict.py does it."""
        evaluated = training.MixedPrecision(network) if mixed else network
        return predict(evaluated, unlabelled(images, chosen, mean, std, team.device))

    steps = plan.epochs * (len(batches(0)) // plan.accumulate)
    factor = training.schedule(steps, plan.warmup)
    optimizer = training.Optimizers(optimizers(network, plan), factor, plan.accumulate)
    weights = training.class_weights(data.labels[rows], len(CLASSES), plan.balance)
    loss_fn = nn.CrossEntropyLoss(weights.to(team.device), label_smoothing=plan.label_smoothing)

    state = training.Progress(network, optimizer, plan)
    if resume:
        state.restore(out)
    display = Display(out, plan.epochs, FASTER, quiet=not team.speaks, done=state.epoch)
    for epoch in range(state.epoch, plan.epochs):
        watched = display.batches(batches(epoch), epoch)
        objective = optimizer.loss(display.loss(loss_fn))
        loss = train_one_epoch(model, watched, optimizer, objective) * plan.accumulate
        loss = team.mean(loss)
        state.epoch, state.seconds = epoch + 1, state.seconds + display.seconds
        if not team.speaks:
            continue
        predicted = guesses(data.train, held)
        honest, macro = scores.f1(data.labels[held], predicted)
        display.epoch(
            {
                "epoch": epoch + 1,
                "loss": loss,
                "honest_f1": honest,
                "macro_f1": macro,
                "images_per_second": display.images / display.seconds,
                "seconds": state.seconds,
            }
        )
        found = {"honest_f1": honest, "honest_macro_f1": macro}
        if epoch + 1 == plan.epochs:
            found |= estimate(data, guesses, display)
        config = run.Config(data.size, mean, std, architecture, scores=found, recipe=asdict(plan))
        run.save(out, network, config)
        state.save(out)
        if epoch + 1 == plan.epochs:
            plots.save(out, data, held, predicted)
            calibration.save(
                out, calibration.calibrate(network, data, held, mean, std, team.device)
            )
    team.leave()


def optimizers(network: nn.Module, plan: Recipe) -> list[torch.optim.Optimizer]:
    """One for the weights; for biases and BatchNorm another, without weight decay."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    sgd = partial(torch.optim.SGD, momentum=plan.momentum, nesterov=plan.momentum > 0)
    if plan.optimizer == "muon":
        return [
            Muon(weights, plan.learning_rate, weight_decay=plan.weight_decay),
            sgd(others, lr=2 * plan.learning_rate),
        ]
    return [
        sgd(weights, lr=plan.learning_rate, weight_decay=plan.weight_decay),
        sgd(others, lr=plan.learning_rate),
    ]


def estimate(
    data: Data, guesses: Callable[[Tensor, Tensor], Tensor], display: Display
) -> dict[str, float]:
    """What the competition will say, judged by the test pictures that copy a training picture."""
    rows, labels = scores.twin_labels(data)
    if not len(rows):
        return {}
    value = scores.f1(labels, guesses(data.test, rows))[0]
    display.say(
        f"estimated F1 of the competition {value:.4f}: {len(rows)} of {len(data.test)} test "
        "pictures copy a training picture, so this rewards memory; honest F1 is what counts"
    )
    return {"test_f1_estimate": value}


@command
def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train a network on prepared pictures.")
    parser.add_argument("--data", type=Path, required=True, help="folder of simpsons prepare")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trained network")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--resume", action="store_true", help="go on where it was interrupted")
    parser.add_argument("--pretrained", metavar="NAME", help="fine-tune torchvision's network")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    for name in ("epochs", "batch_size", "seed", "accumulate"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    args = parser.parse_args()
    data = load(args.data)
    team = training.join(args.device)
    named = ("epochs", "batch_size", "seed", "accumulate", "pretrained")
    chosen = {name: getattr(args, name) for name in named if getattr(args, name) is not None}
    fast = args.precision == "bfloat16" or (
        args.precision == "auto" and training.has_bfloat16(team.device)
    )
    plan = replace(recipe(), **chosen, precision="bfloat16" if fast else "float32")
    if plan.epochs < 1 or plan.batch_size < 1 or plan.accumulate < 1:
        raise DataError("--epochs, --batch-size and --accumulate: give at least 1")
    train(data, args.out, plan, team, args.resume)


if __name__ == "__main__":
    main()
