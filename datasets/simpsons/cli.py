"""The command line of the data: thin commands, each importing what it needs when it runs."""

import sys
import time
from pathlib import Path
from typing import Annotated, TextIO

import typer

from simpsons.command import command
from simpsons.errors import DataError

SHOWN = 10  # problems told before the rest is only counted

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Get, prepare, share and examine the pictures of the homework.",
)
ZipOption = Annotated[
    Path, typer.Option("--zip", metavar="PATH", help="The competition's zip, or its folder.")
]


@command
def main() -> None:
    """Run a command; exit 2 on misuse and on data that cannot be used."""
    app()


@app.command()
def prepare(
    source: ZipOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the prepared data.")],
    size: Annotated[int, typer.Option(help="Pixels of a side, 32 to 512.")] = 64,
    force: Annotated[bool, typer.Option("--force", help="Replace what was prepared.")] = False,
) -> None:
    """Decode the pictures once, find near-duplicates, split off a validation part."""
    from simpsons.prepare import prepare as prepare_all

    start = time.monotonic()
    found = prepare_all(source, out, size, force)
    if not found.fresh:
        print(f"already prepared: {out} (--force does it again)")
    print(f"{found.train} training pictures, {found.test} test pictures: {out}")
    _tell(found.problems)
    print(f"{time.monotonic() - start:.1f} s")


@app.command()
def download(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to download into.")],
) -> None:
    """Fetch the data from Kaggle. Needs kagglehub, a token, and the rules accepted."""
    from simpsons.download import download as fetch

    found = fetch(out)
    print(f"downloaded: {found}")
    print(f'now run: simpsons prepare --zip "{found}" --out prepared')


@app.command()
def pack(
    source: ZipOption,
    out: Annotated[Path, typer.Option(metavar="class.zip", help="File to write.")],
    side: Annotated[int, typer.Option(help="Shorter side of a training picture.")] = 96,
    hold_out: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the pictures to keep back.")
    ] = 0.0,
    held_out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for them; truth in DIR.csv.")
    ] = None,
) -> None:
    """Make the teacher's class.zip, and a held-out list without near-duplicates in it."""
    from simpsons.packing import pack as pack_all

    found = pack_all(source, out, side, hold_out, held_out)
    print(
        f"{found.train} training pictures, {found.test} test pictures, "
        f"{found.size / 1e6:.1f} MB: {out}"
    )
    _tell(found.problems)
    if held_out is not None:
        print(f"{found.held} pictures held out: {held_out}")
        print(f"their classes, for the teacher only: {held_out.with_name(held_out.name + '.csv')}")
    print("LICENSE.txt in it says on which terms you may share it (CC BY-NC-SA 4.0).")


@app.command()
def audit(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of simpsons prepare.")],
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all suspicious pairs.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="RUN", help="A trained network, to find wrong labels.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of its model.py; default: 06_simpsons."),
    ] = None,
) -> None:
    """Tell what is wrong with the pictures, and what that means for the scores."""
    from simpsons import audit as auditing
    from simpsons.data import load
    from simpsons.files import write_table

    if model is not None and checkpoint is None:
        raise DataError("--model is for --checkpoint RUN; give both or none")
    loaded = load(data)
    doubts = auditing.doubts(loaded, checkpoint, model) if checkpoint else []
    found = auditing.audit(loaded)
    print(found.text())
    if csv is not None:
        write_table(csv, auditing.HEADER, [pair.row() for pair in found.pairs])
        print(f"\n{len(found.pairs)} suspicious pairs: {csv}")
    if checkpoint is not None:
        print(f"\nMaybe mislabelled, look at them: {len(doubts) or 'none'}")
        for doubt in doubts:
            print(f"  {doubt.name}: the network says {doubt.guess} ({doubt.confidence:.3f})")


@app.command()
def synthesize(
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for the pictures.")],
    per_class: Annotated[int, typer.Option(min=1, help="Training pictures of a class.")] = 24,
    test: Annotated[int, typer.Option(min=1, help="Test pictures.")] = 210,
    side: Annotated[int, typer.Option(min=16, max=1024, help="Shorter side.")] = 96,
    seed: Annotated[int, typer.Option(min=0, help="Other pictures for another seed.")] = 0,
) -> None:
    """Draw stand-ins for the competition's pictures, free to use, in its layout."""
    from simpsons.synthetic import synthesize as draw

    try:
        draw(out, per_class, test, side, seed)
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror or error}") from None
    print(f"drawn: {out}")
    print(f'now run: simpsons prepare --zip "{out}" --out prepared')


@app.command()
def truth(
    testset: Annotated[
        Path, typer.Option(metavar="PATH", help="kaggle_simpson_testset, folder or zip.")
    ],
    source: ZipOption,
    out: Annotated[Path, typer.Option(metavar="truth.csv", help="File to write.")],
    public: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Size of the public part [0.95].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws another public part.")] = 0,
    public_ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take this list as the public part.")
    ] = None,
    public_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the Ids of the public part.")
    ] = None,
) -> None:
    """Make the teacher's truth table of the test pictures. Keep it from the learners."""
    from simpsons.files import write_table
    from simpsons.truth import find_truth, read_public, sample

    if public is not None and public_ids is not None:
        raise DataError("--public draws a part, --public-ids names it; give one of them")
    if public_out is None and (public is not None or public_ids is not None):
        raise DataError("the public part is written to --public-out FILE; give it too")
    found = find_truth(testset, source)
    part: list[str] = []
    if public_ids is not None:
        part = read_public(public_ids, found.labels)
    elif public_out is not None:
        part = sample(found.labels, 0.95 if public is None else public, seed)
    write_table(out, ["Id", "Expected"], list(found.labels.items()))
    print(f"{len(found.labels)} test pictures have a class: {out}")
    if public_out is not None:
        write_table(public_out, ["Id"], [[name] for name in part])
        print(f"{len(part)} of them are the public part: {public_out}")
    lost = [f"{name}: no labelled picture has its bytes" for name in found.missing]
    lost += [
        f"{name}: labelled {' and '.join(labels)}, left out"
        for name, labels in found.ambiguous.items()
    ]
    if lost:
        print(f"warning: {len(lost)} test pictures are not in {out}", file=sys.stderr)
        _tell(lost, sys.stderr)


def _tell(problems: list[str], stream: TextIO | None = None) -> None:
    for problem in problems[:SHOWN]:
        print(f"  {problem}", file=stream)
    if len(problems) > SHOWN:
        print(f"  and {len(problems) - SHOWN} more", file=stream)


if __name__ == "__main__":
    main()
