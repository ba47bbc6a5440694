"""The page itself, in Gradio: served to this machine only, without telemetry and without a network."""

import os
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nextjob.app.sessions import Session, format_session, parse_session
from nextjob.app.view import answer_html, error_html, session_html
from nextjob.errors import InputError
from nextjob.recommend import Recommender

if TYPE_CHECKING:
    import gradio

ADDRESS = "127.0.0.1"
STEP = 0.05
"""Of every slider; a weight nearer than half of it to the learned one is the learned one."""
ABOUT = """# Which job comes next?

A **session** is what one anonymous candidate opened on the job board, in order. For a session the model ranks ten
jobs that the candidate will open next, and says whether they will apply. **Every score is a sum**: the coloured bar
under a job shows what speaks for it and what against it. Pick an example, or write your own.
"""


def build(recommender: Recommender, examples: dict[str, Session]) -> "gradio.Blocks":
    """The page for a recommender, with example sessions by label.

    Raises:
        InputError: Gradio is missing.
    """
    gr = _gradio()
    learned = recommender.feature_weights()

    def answer(text: str, alpha: float | None, *weights: float) -> str:
        try:
            jobs, actions = parse_session(text, recommender.vocabulary)
            of_session = recommender.alpha(jobs, actions)
            asked = None if alpha is None or abs(alpha - of_session) <= STEP / 2 else alpha
            changed = {f: w for f, w in zip(learned, weights, strict=True) if abs(w - learned[f]) > STEP / 2}
            before = None
            if asked is not None or changed:
                before = recommender.recommend(jobs, actions).jobs
            found = recommender.reweighed(asked, changed).recommend(jobs, actions, explain=True)
            return answer_html(recommender, found, before)
        except InputError as error:
            return error_html(str(error))

    def read(text: str, *weights: float) -> tuple[str, Any, str]:
        try:
            session = parse_session(text, recommender.vocabulary)
            alpha = recommender.alpha(*session)
            return session_html(recommender, session), gr.update(value=round(alpha, 2)), answer(text, None, *weights)
        except InputError as error:
            return "", gr.update(), error_html(str(error))

    first = next(iter(examples))
    with gr.Blocks(title="nextjob", analytics_enabled=False) as page:
        gr.Markdown(ABOUT)
        with gr.Row():
            with gr.Column(scale=2, min_width=320, elem_classes="nj-left"):
                example = gr.Dropdown(list(examples), value=first, label="Example session", filterable=False)
                text = gr.Textbox(
                    format_session(examples[first]),
                    lines=4,
                    max_lines=12,
                    label="The session, oldest job first",
                    info="One job a line: its id, then view or apply.",
                    elem_id="session",
                )
                shown = gr.HTML(apply_default_css=False)
                with gr.Accordion("What if? Rank again with other weights", elem_classes="nj-what-if"):
                    alpha = gr.Slider(
                        0,
                        1,
                        step=STEP,
                        label="Alpha",
                        info="0: the ads without similar candidates. 1: similar candidates without the ads.",
                        visible=bool(learned) and recommender.model.scorer.svd is not None,
                        buttons=[],
                    )
                    sliders = [
                        gr.Slider(0, _most(learned), round(weight, 2), step=STEP, label=f"Weight of {name}", buttons=[])
                        for name, weight in learned.items()
                    ]
                    reset = gr.Button("Back to the learned weights", size="sm")
            with gr.Column(scale=3, min_width=320, elem_classes="nj-right"):
                ranked = gr.HTML(elem_id="answer", apply_default_css=False)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        reading: dict[str, Any] = {"fn": read, "inputs": [text, *sliders], "outputs": [shown, alpha, ranked], **quiet}
        example.input(lambda name: format_session(examples[name]), example, text, **quiet)
        text.change(**reading, trigger_mode="always_last")
        page.load(**reading)
        for slider in (alpha, *sliders):
            slider.input(answer, [text, alpha, *sliders], ranked, trigger_mode="always_last", **quiet)
        rounded = {slider: round(weight, 2) for slider, weight in zip(sliders, learned.values(), strict=True)}
        back = reset.click(lambda: rounded, None, sliders, **quiet)
        back.then(**reading)
    return page


def serve(page: "gradio.Blocks", port: int) -> None:
    """Serve the page on this machine until Ctrl-C.

    Raises:
        InputError: the port is taken.
    """
    theme = _gradio().themes.Base(primary_hue="sky", font=["system-ui", "sans-serif"], font_mono=["monospace"])
    theme.set(block_info_text_color="*neutral_600", body_text_color_subdued="*neutral_600")
    css = (files("nextjob") / "templates" / "app.css").read_text(encoding="utf-8")
    off: dict[str, Any] = dict.fromkeys(("share", "ssr_mode", "run_history", "enable_monitoring", "pwa"), False)
    try:
        page.launch(
            server_name=ADDRESS,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            theme=theme,
            css=css,
            **off,
        )
    except OSError as error:
        raise InputError(f"port={port}: it is taken on this machine; choose another") from error
    print(f"http://{ADDRESS}:{port}  (Ctrl-C ends it)", flush=True)
    page.block_thread()


def _most(learned: dict[str, float]) -> float:
    """Where the sliders of the weights end."""
    return float(round(2 * max(learned.values())) or 1)


def _gradio() -> Any:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio
    except ImportError as error:
        raise InputError('the page needs Gradio: pip install -e ".[app]"') from error
    return gradio
