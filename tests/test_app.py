"""The page: what it shows, and a person's clicks in a real browser."""

import importlib.util
import re
import shutil
import socket
import subprocess
import sys

import pytest
import torch

from nextjob import Recommender
from nextjob.__main__ import main
from nextjob.app.sessions import format_session, made_up_sessions, parse_session, sessions_of_file
from nextjob.app.view import answer_html, error_html, session_html
from nextjob.data import read_sessions
from nextjob.data.vocabulary import Vocabulary
from nextjob.errors import InputError
from nextjob.explain import Explanation
from nextjob.recommend import Recommendation
from tests.conftest import one_line
from tests.paths import ROOT

EVIL = '<img src=x onerror="window.hacked=1">&\'${1+1}{{1+1}}'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def recommender(tiny_run) -> Recommender:
    return Recommender.load(tiny_run)


def numbers(pattern: str, html: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, html)]


# --- sessions


def test_sessions_are_read_as_they_are_written(recommender):
    known = Vocabulary(["476", "379", "407", "A 1", "B"])
    assert parse_session("476 apply\n 379\tview, 407", known) == (["476", "379", "407"], ["apply", "view", "view"])
    assert parse_session("A 1 Apply\n\nB", known) == (["A 1", "B"], ["apply", "view"])
    for text in ("", " \n , "):
        with pytest.raises(InputError, match="no job yet"):
            parse_session(text, known)
    with pytest.raises(InputError, match="unknown action 'click' behind job '379'; it must be view or apply"):
        parse_session("476 view\n379 click", known)
    for session in made_up_sessions(recommender).values():
        jobs, actions = parse_session(format_session(session), recommender.vocabulary)
        assert (jobs, actions) == ([str(job) for job in session[0]], session[1])


def test_examples_are_sessions_of_known_jobs(recommender, tiny_board):
    sessions = read_sessions(tiny_board / "x_test.csv", recommender.vocabulary)
    for examples in (made_up_sessions(recommender), sessions_of_file(recommender, sessions)):
        assert len(examples) > 5
        for label, (jobs, actions) in examples.items():
            assert recommender.values(jobs[0])["title"] in label
            assert len(jobs) == len(actions)
            assert len(set(jobs)) == len(jobs) or "0:" in label
            recommender.recommend(jobs, actions)
    assert {action for _, actions in examples.values() for action in actions} == {"view", "apply"}


# --- what is shown


def test_every_bar_is_its_score_on_one_scale(recommender):
    jobs = recommender.vocabulary.job_ids[:4]
    answer = recommender.recommend(jobs, explain=True)
    html = answer_html(recommender, answer, None)
    zero = numbers(r'class="nj-bar"[^>]*>\s*<div style="width: ([\d.]+)%', html)
    assert len(set(zero)) == 1
    bars = re.findall(r'class="nj-bar"[\s\S]+?</div>\s*</div>', html)
    assert len(bars) == len(answer.jobs)
    scales = []
    for bar, one in zip(bars, answer.explanations, strict=True):
        left, right = bar.split("</div>")[:2]
        below, above = (sum(numbers(r"<i [^>]*width: ([\d.]+)%", side)) for side in (left, right))
        net = above * (100 - zero[0]) / 100 - below * zero[0] / 100
        scales.append(net / one.score)
        assert bar.count("<i ") == sum(1 for term in one.terms.values() if term)
    assert scales == pytest.approx([scales[0]] * len(scales), rel=1e-3)  # widths are rounded
    assert any(min(one.terms.values()) < 0 for one in answer.explanations), "something speaks against a job"


def test_moves_are_told_against_the_list_before(recommender):
    jobs = recommender.vocabulary.job_ids[:4]
    answer = recommender.recommend(jobs, explain=True)
    assert "nj-moved" not in answer_html(recommender, answer, answer.jobs)
    before = [answer.jobs[1], answer.jobs[0], *answer.jobs[2:9], jobs[0]]
    moved = re.findall(r'class="nj-moved">([^<]+)<', answer_html(recommender, answer, before))
    assert moved == ["▲ 1", "▼ 1", "new"]


def test_text_of_ads_and_people_is_escaped(recommender):
    class Spoiled:
        def values(self, job):
            return {"title": EVIL, "company": EVIL}

    terms = {"svd": 1.0, "content/title": -0.5}
    one = Explanation(EVIL, Spoiled().values(1), 0.5, terms, {}, EVIL)
    answer = Recommendation([EVIL], [0.5], "view", 0.2, [one])
    for html in (answer_html(Spoiled(), answer, None), session_html(Spoiled(), ([EVIL], ["view"])), error_html(EVIL)):
        assert "<img" not in html
        assert "&lt;img src=x onerror=&#34;" in html


def test_reweighed_recommenders_leave_the_run_alone(recommender):
    jobs = recommender.vocabulary.job_ids[:4]
    expected = recommender.recommend(jobs, explain=True)
    alpha, weights = recommender.alpha(jobs), recommender.feature_weights()
    same = recommender.reweighed(alpha, weights).recommend(jobs, explain=True)
    assert same.scores == pytest.approx(expected.scores, abs=1e-5)
    content = recommender.reweighed(alpha=0).recommend(jobs, explain=True)
    assert {one.terms["svd"] for one in content.explanations} == {0.0}
    factors = recommender.reweighed(alpha=1, feature_weights={"title": 0}).recommend(jobs, explain=True)
    assert {one.terms["content/title"] for one in factors.explanations} == {0.0}
    assert recommender.recommend(jobs, explain=True) == expected
    for arguments, message in (
        ((1.5,), r"^alpha=1\.5: it must lie between 0"),
        ((None, {"titel": 1.0}), r"^unknown feature 'titel'; known: title"),
        ((None, {"title": -1.0}), r"^weight of title: -1\.0 is below 0"),
    ):
        with pytest.raises(InputError, match=message):
            recommender.reweighed(*arguments)


# --- the command


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["port=7860"], 'the page needs Gradio: pip install -e ".[app]"'),
        (["port=http"], "port=http: it must be a number from 1 to 65535"),
        (["port=70000"], "port=70000: it must be a number from 1 to 65535"),
    ],
)
def test_the_command_tells_what_it_lacks(tiny_run, monkeypatch, capsys, keys, message):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(SystemExit):
        main(["app", f"run={tiny_run}", *keys])
    assert one_line(capsys.readouterr().err) == message


@pytest.fixture(scope="module")
def spoiled_run(tiny_run, tmp_path_factory):
    """The tiny run with a title that would run as a script."""
    path = tmp_path_factory.mktemp("spoiled") / "checkpoints" / "best.ckpt"
    path.parent.mkdir()
    content = torch.load(tiny_run / "checkpoints" / "best.ckpt", weights_only=True)
    titles = content["catalogue"]["values"]["title"]
    content["catalogue"]["values"]["title"] = [f"{title} {EVIL}" for title in titles]
    torch.save(content, path)
    return path.parent.parent


@pytest.fixture(scope="module")
def address(spoiled_run):
    """The page, served by the command on a free port."""
    if not importlib.util.find_spec("gradio"):
        pytest.skip('no Gradio: pip install -e ".[app]"')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nextjob", "app", f"run={spoiled_run}", f"port={port}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == f"http://127.0.0.1:{port}  (Ctrl-C ends it)\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser():
    if not importlib.util.find_spec("playwright"):
        pytest.skip('no playwright: pip install -e ".[dev]"')
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1366, 390], ids=["desktop", "phone"])
def test_a_person_sees_why_and_tries_other_weights(address, browser, recommender, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(120_000)  # of a machine that is busy
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector(".nj-card")

    first, second, *_ = made_up_sessions(recommender).values()
    expected = recommender.recommend(*first)
    titles = page.locator(".nj-card h3")
    shown = titles.all_inner_texts()
    assert shown == [f"{recommender.values(job)['title']} {EVIL}" for job in expected.jobs]
    assert page.locator(".nj-score").all_inner_texts() == [f"{score:.2f}" for score in expected.scores]
    assert f"{100 * expected.apply_probability:.0f} %" in page.locator(".nj-action").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
    page.locator(".nj-card summary").first.click()
    assert page.locator(".nj-card table").first.is_visible()

    alpha, weight = page.locator("input[type=range]").all()
    before = page.locator(".nj-score").all_inner_texts()
    weight.focus()
    page.keyboard.press("End")
    page.wait_for_function("before => document.querySelector('.nj-score').innerText != before", arg=before[0])
    alpha.focus()
    page.keyboard.press("Home")
    page.wait_for_function("!document.querySelector('.nj-bar').ariaLabel.includes('similar candidates')")
    page.get_by_role("button", name="Back to the learned weights").click()
    page.wait_for_function("before => document.querySelector('.nj-score').innerText == before", arg=before[0])
    assert page.locator(".nj-score").all_inner_texts() == before

    session = page.locator("#session textarea")
    page.get_by_label("Example session").click()
    page.get_by_role("option").nth(1).click()
    page.wait_for_function("before => document.querySelector('.nj-score').innerText != before", arg=before[0])
    assert session.input_value() == format_session(second)
    before = page.locator(".nj-score").all_inner_texts()
    assert before == [f"{score:.2f}" for score in recommender.recommend(*second).scores]

    job = recommender.vocabulary.job_ids[7]
    session.fill(f"{job} apply")
    page.wait_for_function("document.querySelectorAll('.nj-session li').length == 1")
    page.wait_for_function("before => document.querySelector('.nj-score').innerText != before", arg=before[0])
    alone = recommender.recommend([job], ["apply"])
    assert page.locator(".nj-score").all_inner_texts() == [f"{score:.2f}" for score in alone.scores]
    session.fill("<b>nothing</b>")
    page.wait_for_selector(".nj-error")
    assert "job '<b>nothing</b>' is not in the catalogue of 80 jobs" in page.locator(".nj-error").inner_text()

    assert page.evaluate("window.hacked") is None
    assert errors == []
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
