"""The program answers as the recommender does, whatever the number of sessions and their length, without nextjob."""

import json

import pytest
import torch

from nextjob import Recommender
from nextjob.__main__ import main
from nextjob.errors import InputError
from nextjob.schema import ACTION_NUMBERS
from nextjob.serving import export
from nextjob.serving.folder import MANIFEST, PROGRAM
from nextjob.serving.program import exported
from tests.conftest import python
from tests.models.test_explain import shaken
from tests.paths import RECOMMENDERS

SHAPES = ((1, 1), (1, 7), (2, 1), (40, 12), (3, 60))
ALONE = """
import sys
sys.modules["nextjob"] = None
import torch
program = torch.export.load({path!r}).module()
assert program(torch.tensor([[1, 2]]), torch.tensor([[1, 2]]))[0].shape == (1, 10)
"""


def sessions_of(n_sessions: int, length: int, n_jobs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random sessions of up to so many jobs, views and applies, among them jobs that nobody opened."""
    generator = torch.Generator().manual_seed(0)
    jobs = torch.randint(1, n_jobs + 1, (n_sessions, length), generator=generator)
    actions = torch.randint(1, 3, jobs.shape, generator=generator)
    padding = torch.arange(length) >= torch.randint(1, length + 1, (n_sessions, 1), generator=generator)
    return jobs.masked_fill(padding, 0), actions.masked_fill(padding, 0)


@torch.no_grad()
def answers_alike(program, recommender, jobs, actions):
    """Scores of all jobs, probabilities, and the ten best of every session as the recommender lists them."""
    scorer, ids = recommender.model.scorer, recommender.vocabulary.job_ids
    best, scores, p_apply = program(jobs, actions)
    names = {number: action for action, number in ACTION_NUMBERS.items()}
    for row in range(len(jobs)):
        length = int(jobs[row].ne(0).sum())
        of_session = [ids[n - 1] for n in jobs[row, :length]], [names[n] for n in actions[row, :length].tolist()]
        exact = scorer.score(recommender.session(*of_session), mixing=recommender.mixing)
        assert torch.allclose(scores[row], exact[0], rtol=0, atol=1e-5)
        told = recommender.recommend(*of_session)
        assert [ids[n - 1] for n in best[row]] == told.jobs
        assert p_apply[row].item() == pytest.approx(told.apply_probability, abs=1e-7)


def test_the_program_answers_as_the_recommender(tiny_run):
    recommender = Recommender.load(tiny_run)
    program = exported(recommender).module()
    for shape in SHAPES:
        answers_alike(program, recommender, *sessions_of(*shape, len(recommender.vocabulary)))


@pytest.mark.slow
def test_the_command_writes_what_answers_alone(tiny_run, tmp_path, capsys):
    main(["export", f"run={tiny_run}", f"out={tmp_path}"])
    assert {path.name for path in tmp_path.iterdir()} == {PROGRAM, MANIFEST}
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{tmp_path / PROGRAM}  ")
    recommender = Recommender.load(tiny_run)
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["job_ids"] == recommender.vocabulary.job_ids
    assert manifest["actions"] == ACTION_NUMBERS
    program = torch.export.load(tmp_path / PROGRAM).module()
    answers_alike(program, recommender, *sessions_of(40, 12, len(recommender.vocabulary)))
    done = python("-c", ALONE.format(path=str(tmp_path / PROGRAM)))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("experiment", RECOMMENDERS)
def test_every_model_can_be_exported(make_model, experiment):
    """Untrained, with random weights where training starts at 0."""
    recommender = shaken(make_model(f"+experiment={experiment}"))
    program = exported(recommender).module()
    for shape in SHAPES:
        answers_alike(program, recommender, *sessions_of(*shape, len(recommender.vocabulary)))


@pytest.mark.slow
def test_added_jobs_and_changed_weights_are_in_the_program(tiny_run):
    recommender = Recommender.load(tiny_run).reweighed(0.25, {"title": 7})
    recommender.recommend(recommender.vocabulary.job_ids[:2])
    recommender.add_jobs({"new": {"title": "Data engineer"}})
    program = exported(recommender).module()
    answers_alike(program, recommender, *sessions_of(40, 12, len(recommender.vocabulary)))
    new = torch.tensor([[recommender.vocabulary.number("new")]])
    answers_alike(program, recommender, new, torch.ones_like(new))


def test_a_catalogue_of_fewer_jobs_than_a_list_is_refused(tiny_run, tmp_path, monkeypatch):
    recommender = Recommender.load(tiny_run)
    monkeypatch.setattr("nextjob.serving.folder.TOP_K", len(recommender.vocabulary) + 1)
    with pytest.raises(InputError, match=f"the catalogue has {len(recommender.vocabulary)} jobs, a ranked list"):
        export(recommender, tmp_path / "export")
    assert not (tmp_path / "export").exists()
