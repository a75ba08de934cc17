"""The demo: show your network to anyone, in a browser. Yours to change.

Lesson block: homework. Run it as::

    python app.py --checkpoint RUN                       # open http://127.0.0.1:7860
    python app.py --checkpoint RUN --compare OTHER_RUN   # two networks side by side
    python app.py --checkpoint RUN --data DIR            # with pictures of the worst mistakes
    python app.py --checkpoint RUN --space DIR           # a folder for a Hugging Face Space
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model import build_model
from simpsons import NAMES, DataError, demo
from simpsons.command import command
from simpsons.data import Data, load
from simpsons.own import model_beside
from simpsons.recognize import BadPicture, Recognizer, open_upload
from simpsons.space import demo_space

from autograder.course.messages import Catalogue


@dataclass(frozen=True)
class Page:
    """What the page of one language shows."""

    networks: Sequence[Recognizer]
    data: Data | None
    texts: Catalogue

    @property
    def gr(self) -> Any:
        return demo.gradio()

    def say(self, id: str, **values: object) -> str:
        return self.texts.say(f"demo.{id}", **values)

    def name(self, character: str) -> str:
        return NAMES[character][self.texts.lang]

    def event(self, name: str, network: Recognizer) -> str:
        """A name for what the page asks the server, another for each network."""
        number = list(self.networks).index(network)
        return f"{name}_{number}" if number else name

    def recognize(self, network: Recognizer, path: Path | None) -> tuple[Any, str]:
        """The five likeliest characters, and a sentence about the first."""
        try:
            answer = network.recognize(open_upload(path))
        except BadPicture as bad:
            return None, "" if path is None else self.texts.say(str(bad))
        top = {self.name(character): share for character, share in answer.top.items()}
        best, share = next(iter(top.items()))
        return top, self.say("sure" if answer.sure else "unsure", name=best, share=100 * share)

    def heatmap(self, network: Recognizer, path: Path | None) -> Any:
        """Where the network looked for the likeliest character."""
        try:
            picture = open_upload(path)
            return network.heatmap(picture, network.recognize(picture).best)
        except BadPicture:
            return None
        except (DataError, RuntimeError) as error:
            self.gr.Warning(self.say("no_heatmap", why=error))
            return None

    def maps(self, network: Recognizer, path: Path | None, layer: str) -> Any:
        """What the chosen layer makes of the picture."""
        try:
            return network.maps(open_upload(path), layer)
        except BadPicture:
            return None

    def scores(self, network: Recognizer) -> str:
        """Both numbers of the network: one alone would mislead."""
        found = network.config.scores
        honest, competition = (
            f"{found[key]:.4f}" if key in found else self.say("unknown")
            for key in ("honest_f1", "test_f1_estimate")
        )
        lines = [self.say("scores", honest=honest, competition=competition)]
        measured = network.calibration
        if measured.n:
            shares = {"answered": 100 * measured.answered, "right": 100 * measured.right}
            lines.append(self.say("calibrated", n=measured.n, **shares))
        else:
            lines.append(self.say("not_calibrated", threshold=100 * measured.threshold))
        return "\n\n".join(lines)

    def build(self, examples: Sequence[Path]) -> Any:
        """The page as gradio's Blocks."""
        gr = self.gr
        with gr.Blocks(
            title=self.say("title"), analytics_enabled=False, delete_cache=(600, demo.KEPT_SECONDS)
        ) as blocks:
            gr.HTML(demo.other_language(self.texts.lang))
            gr.Markdown(f"# {self.say('title')}\n\n{self.say('about')}")
            with gr.Row():
                with gr.Column():
                    picture = demo.picture_input(self.say("picture"))
                    gr.Examples([str(path) for path in examples], picture, label=self.say("drawn"))
                for network in self.networks:
                    with gr.Column():
                        self._answer(network, picture)
            with gr.Accordion(self.say("inside"), open=False):
                gr.Markdown(self.say("inside_about"))
                for network in self.networks:
                    self._inside(network, picture)
            with gr.Accordion(self.say("mistakes"), open=False):
                for network in self.networks:
                    self._mistakes(network)
        return blocks

    def _answer(self, network: Recognizer, picture: Any) -> None:
        gr = self.gr
        if len(self.networks) > 1:
            gr.Markdown(f"### {network.folder.name}")
        verdict = gr.Markdown(self.say("start"), elem_classes="verdict")
        top = gr.Label(
            label=self.say("top"), num_top_classes=5, show_heading=False, elem_classes="top-five"
        )
        heat = gr.Image(
            label=self.say("heatmap"),
            height=260,
            interactive=False,
            buttons=[],
            elem_classes="heatmap",
        )
        gr.Markdown(self.scores(network))
        picture.change(
            lambda path: self.recognize(network, path),
            picture,
            [top, verdict],
            show_progress="hidden",
            queue=False,
            api_name=self.event("recognize", network),
        ).then(
            lambda path: self.heatmap(network, path),
            picture,
            heat,
            show_progress="hidden",
            queue=False,
            api_name=self.event("heatmap", network),
        )

    def _inside(self, network: Recognizer, picture: Any) -> None:
        gr = self.gr
        if not network.layers:
            gr.Markdown(self.say("no_layers"))
            return
        shapes = {f"{n}: {'×'.join(map(str, s))}": n for n, s in network.shapes.items()}
        with gr.Row():
            layer = gr.Dropdown(
                list(shapes.items()), value=network.layers[0], label=self.say("layer"), scale=3
            )
            show = gr.Button(self.say("show"))
        maps = gr.Image(
            label=self.say("maps"), interactive=False, buttons=["fullscreen"], elem_classes="maps"
        )
        gr.on(
            [show.click, layer.input],
            lambda path, name: self.maps(network, path, name),
            [picture, layer],
            maps,
            queue=False,
            api_name=self.event("maps", network),
        )

    def _mistakes(self, network: Recognizer) -> None:
        """Validation pictures that it was surest about and wrong."""
        gr, found = self.gr, network.calibration.mistakes
        if len(self.networks) > 1:
            gr.Markdown(f"### {network.folder.name}")
        gr.Markdown(self.say("mistakes_about" if found else "no_mistakes"))
        told = [
            self.say(
                "mistake",
                truth=self.name(m.truth),
                guess=self.name(m.guess),
                share=100 * m.confidence,
            )
            for m in found
        ]
        fits = self.data is not None and self.data.size == network.config.size
        if found and self.data is not None and fits:
            gr.HTML(demo.figures(self.data, [m.row for m in found], told))
        elif found:
            gr.Markdown("\n".join(f"- {text}" for text in told))


@command
def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Show a trained network in a browser.")
    parser.add_argument("--checkpoint", type=Path, default=Path(__file__).parent / "run")
    parser.add_argument("--compare", type=Path, metavar="RUN", help="a second network beside it")
    parser.add_argument("--data", type=Path, help="folder of simpsons prepare, for the mistakes")
    parser.add_argument("--space", type=Path, metavar="DIR", help="write a folder and stop")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--root-path", default="", help="where a reverse proxy shows it")
    parser.add_argument("--lang", choices=demo.LANGUAGES, default="ru", help="of browsers in none")
    args = parser.parse_args()
    data = load(args.data) if args.data else None
    networks = [Recognizer(args.checkpoint, build_model, data)]
    if args.space:
        demo_space(args.space, Path(__file__).resolve(), args.checkpoint)
        print(f"written: {args.space}; copy what is in it into a Space of the kind Gradio")
        return
    if args.compare:
        networks.append(Recognizer(args.compare, model_beside(args.compare) or build_model, data))

    def page(lang: str, examples: Sequence[Path]) -> Any:
        return Page(networks, data, Catalogue.load(lang)).build(examples)

    demo.run(page, args.host, args.port, args.root_path, args.lang)


if __name__ == "__main__":
    main()
