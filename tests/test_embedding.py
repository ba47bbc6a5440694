import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from nextjob.embedding import EmbeddingTable, HashingEncoder, OpenAIEncoder, SentenceEncoder, build, embed
from nextjob.embedding.encoders import MINILM, _prompt
from nextjob.errors import InputError

TEXTS = [
    "Data Engineer",
    "Ingénieur données",
    "Data Engineer",
    "Chef de projet",
    "C",
    "?!",
    "data engineer H/F",
]
KEY = "sk-test-0123456789-secret"


class EmbeddingServer(BaseHTTPRequestHandler):
    """The embeddings endpoint: answers as told by `replies` first, then with a vector by text, in reverse."""

    replies: list[int]
    requests: list[dict]
    dimension_given: int | None

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(body | {"path": self.path})
        status = self.replies.pop(0) if self.replies else 200
        if self.headers["Authorization"] != f"Bearer {KEY}":
            status = 401
        if status != 200:
            shown = self.headers["Authorization"]
            answer = {"error": {"message": f"no: {shown}", "code": "insufficient_quota" if status == 429 else None}}
        else:
            size = self.dimension_given or body["dimensions"]
            rows = [
                {
                    "object": "embedding",
                    "index": i,
                    "embedding": HashingEncoder(size).encode([text])[0].tolist(),
                }
                for i, text in enumerate(body["input"])
            ]
            answer = {"object": "list", "data": rows[::-1], "model": body["model"], "usage": {}}
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("retry-after-ms", "1")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    handler = type("Handler", (EmbeddingServer,), {"replies": [], "requests": [], "dimension_given": None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{running.server_port}/v1")
        yield handler
        running.shutdown()


def tiny_model(folder: Path, **arguments) -> Path:
    """A sentence-transformers model of 12 dimensions whose vectors depend on every word."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({word for text in [*TEXTS, "query :", "passage :"] for word in text.split()})
    numbers = {"?": 0} | {word: i for i, word in enumerate(words, 1)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    weights = np.random.default_rng(0).normal(size=(len(words) + 1, 12)).astype(np.float32)
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[arguments.pop("wrap", lambda m: m)(module)], **arguments).save(str(folder))
    return folder


@pytest.fixture(params=["hashing", "sentence", "openai", pytest.param("minilm", marks=pytest.mark.slow)])
def encoder(request, tmp_path):
    if request.param == "openai":
        request.getfixturevalue("server")
        return OpenAIEncoder(dimensions=64, batch_size=3)
    if request.param == "sentence":
        return SentenceEncoder(str(tiny_model(tmp_path / "tiny")), device="cpu")
    return HashingEncoder() if request.param == "hashing" else SentenceEncoder(device="cpu", batch_size=2)


def test_encoder_contract(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)
    assert abs(vectors[0] - vectors[3]).max() > 0.05
    singly = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(vectors, singly, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], vectors, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dimension)
    assert encoder.name
    assert encoder.revision


def features_table(titles: list[str | None], places: list[str | None]) -> pd.DataFrame:
    rows = [
        {"job_id": str(100 + i), "feature": feature, "value": value, "status": "ok", "engine": "rules"}
        for i, pair in enumerate(zip(titles, places, strict=True))
        for feature, value in zip(("title", "location"), pair, strict=True)
    ]
    return pd.DataFrame(rows)


TITLES = ["Data Engineer", "Chef de projet", None, "Data Engineer"]
SMALL = features_table(TITLES, ["Paris", " ", "Paris", "Lyon"])


class CountingEncoder(HashingEncoder):
    def __init__(self, dimension=32):
        super().__init__(dimension)
        self.seen = []

    def encode(self, texts):
        self.seen += texts
        return super().encode(texts)


def test_rows_masks_and_one_encoding_per_text():
    encoder = CountingEncoder()
    table = embed(SMALL, encoder)
    assert sorted(encoder.seen) == ["Chef de projet", "Data Engineer", "Lyon", "Paris"]
    assert table.job_ids == ["100", "101", "102", "103"]
    assert list(table.vectors) == ["title", "location"]
    assert table.mask("title").tolist() == [True, True, False, True]
    assert table.mask("location").tolist() == [True, False, True, True]
    assert not table.vectors["title"][2].any()
    expected = encoder.encode(["Chef de projet"])[0]
    np.testing.assert_allclose(table.vectors["title"][1], expected, atol=1e-3)
    assert np.array_equal(table.vectors["location"][0], table.vectors["location"][2])
    assert table.manifest["features"] == ["title", "location"]
    assert table.manifest["extraction"] == {"engine": ["rules"]}


def test_shuffled_rows_give_the_same_vectors():
    table, shuffled = (
        embed(SMALL, HashingEncoder()),
        embed(SMALL.sample(frac=1, random_state=1), HashingEncoder()),
    )
    aligned = shuffled.aligned_to(table.job_ids)
    for feature, matrix in table.vectors.items():
        assert np.array_equal(aligned.vectors[feature], matrix)


def test_saved_and_loaded_table_is_equal_and_replaced_in_one_step(tmp_path):
    table = embed(SMALL, HashingEncoder())
    path = tmp_path / "out" / "embeddings.parquet"
    for _ in range(2):
        table.save(path)
    loaded = EmbeddingTable.load(path)
    assert loaded.job_ids == table.job_ids
    assert loaded.manifest == table.manifest
    assert list(loaded.vectors) == list(table.vectors)
    for feature, matrix in table.vectors.items():
        assert loaded.vectors[feature].dtype == np.float32
        assert np.array_equal(loaded.vectors[feature], matrix)
        assert np.array_equal(loaded.mask(feature), table.mask(feature))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert pd.read_parquet(path)["title"].isna().tolist() == [False, False, True, False]


def test_a_feature_without_any_value_survives(tmp_path):
    table = embed(features_table([None, None], ["Paris", None]), HashingEncoder(8))
    table.save(tmp_path / "embeddings.parquet")
    loaded = EmbeddingTable.load(tmp_path / "embeddings.parquet")
    assert loaded.vectors["title"].shape == (2, 8)
    assert not loaded.mask("title").any()


def test_alignment_to_a_catalogue(tmp_path):
    embed(SMALL, HashingEncoder()).save(tmp_path / "embeddings.parquet")
    table = EmbeddingTable.load(tmp_path / "embeddings.parquet")
    aligned = table.aligned_to([103, 100, 101])  # the catalogue's ids may be integers
    assert aligned.job_ids == ["103", "100", "101"]
    assert np.array_equal(aligned.vectors["title"], table.vectors["title"][[3, 0, 1]])
    with pytest.raises(InputError, match=r"embeddings\.parquet: 2 of the catalogue's 3 jobs have no row, first '7'"):
        table.aligned_to(["7", "100", "8"])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (SMALL.drop(columns="value"), "column 'value' is missing"),
        (pd.concat([SMALL, SMALL.iloc[[3]]]), "row 8: job '101' has feature 'location' twice"),
    ],
)
def test_unusable_features_are_refused(features, message):
    with pytest.raises(InputError, match=message):
        embed(features, HashingEncoder())


def test_unusable_files_are_refused(tmp_path):
    other, broken = tmp_path / "features.parquet", tmp_path / "broken.parquet"
    SMALL.to_parquet(other)
    broken.write_text("no")
    for path, cause in ((tmp_path / "x", "no such file"), (broken, "not a readable"), (other, "no manifest")):
        with pytest.raises(InputError, match=f"{path.name}: .*{cause}"):
            EmbeddingTable.load(path)
    (tmp_path / "embeddings.sqlite").write_text("not a database " * 100)
    with pytest.raises(InputError, match=r"embeddings\.sqlite: unusable"):
        embed(SMALL, HashingEncoder(), cache_dir=tmp_path)


def test_the_cache_encodes_only_what_is_new(tmp_path):
    first = embed(SMALL, CountingEncoder(), cache_dir=tmp_path)
    encoder = CountingEncoder()
    again = embed(SMALL, encoder, cache_dir=tmp_path)
    assert encoder.seen == []
    assert all(np.array_equal(again.vectors[name], first.vectors[name]) for name in first.vectors)
    changed = SMALL.assign(value=SMALL["value"].replace("Chef de projet", "Cheffe de projet"))
    assert embed(changed, encoder, cache_dir=tmp_path).manifest["input"] != first.manifest["input"]
    assert encoder.seen == ["Cheffe de projet"]
    other_dimension, other_revision = CountingEncoder(16), CountingEncoder()
    other_revision.revision = "2"
    for other in (other_dimension, other_revision):
        embed(SMALL, other, cache_dir=tmp_path)
        assert len(other.seen) == 4


def numbered(n: int) -> pd.DataFrame:
    values = [f"Engineer {i}" for i in range(n)]
    return pd.DataFrame({"job_id": range(n), "feature": "title", "value": values})


def test_the_cache_survives_a_kill_and_two_writers(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        import pandas as pd
        from nextjob.embedding import HashingEncoder, build, embed

        class Dying(HashingEncoder):
            calls = 0
            def encode(self, texts):
                self.calls += 1
                if self.calls == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().encode(texts)

        build.CHUNK = 10
        values = [f"Engineer {i}" for i in range(200)]
        table = pd.DataFrame({"job_id": range(200), "feature": "title", "value": values})
        embed(table, Dying(32), cache_dir=sys.argv[1])
        """
    )
    started = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), stop]) for stop in ("9", "12")]
    assert [process.wait(timeout=60) for process in started] == [-signal.SIGKILL] * 2
    with sqlite3.connect(tmp_path / "embeddings.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    encoder = CountingEncoder()
    table = embed(numbered(200), encoder, cache_dir=tmp_path)
    assert 0 < len(encoder.seen) <= 200 - 8 * 10
    assert np.array_equal(table.vectors["title"], embed(numbered(200), HashingEncoder(32)).vectors["title"])


def test_an_encoder_that_returns_nonsense_is_refused(tmp_path):
    class Wrong(HashingEncoder):
        def encode(self, texts):
            return super().encode(texts) * np.float32("nan")

    with pytest.raises(InputError, match="encoder hashing"):
        embed(SMALL, Wrong(), cache_dir=tmp_path)
    encoder = CountingEncoder(256)
    embed(SMALL, encoder, cache_dir=tmp_path)
    assert len(encoder.seen) == 4  # nothing of it was stored


def test_hashing_folds_accents_and_sees_likeness():
    a, b, c, d = HashingEncoder().encode(["Ingénieur Données", "ingenieur donnees", "Ingénieur de données", "Vendeur"])
    np.testing.assert_allclose(a, b, atol=1e-6)
    assert a @ c > 0.5 > a @ d


def test_prompts_and_routes_come_from_the_model(tmp_path):
    from sentence_transformers.models import Router

    plain = SentenceEncoder(str(tiny_model(tmp_path / "plain")))
    prompted = SentenceEncoder(
        str(tiny_model(tmp_path / "prompted", prompts={"query": "query : ", "passage": "passage : "}))
    )
    np.testing.assert_allclose(prompted.encode(["Data"]), plain.encode(["query : Data"]), atol=1e-6)
    assert prompted.revision != plain.revision
    routed = SentenceEncoder(
        str(
            tiny_model(
                tmp_path / "routed",
                wrap=lambda m: Router({"anchor": [m], "positive": [m]}, allow_empty_key=False),
            )
        )
    )
    assert routed.dimension == 12
    np.testing.assert_allclose(routed.encode(["Data"]), plain.encode(["Data"]), atol=1e-6)
    (tmp_path / "plain").rename(tmp_path / "moved")
    assert SentenceEncoder(str(tmp_path / "moved")).revision == plain.revision


@pytest.mark.parametrize(
    ("prompts", "default", "name", "prompt"),
    [
        ({"query": "", "document": ""}, None, MINILM, None),
        ({"query": "query: ", "document": ""}, None, "some/model", "query: "),
        ({"query": "a: ", "clustering": "c: "}, "clustering", "some/model", "c: "),
        ({}, None, "intfloat/multilingual-e5-small", "query: "),
        ({}, None, "intfloat/multilingual-e5-large-instruct", None),
    ],
)
def test_choice_of_prompt(prompts, default, name, prompt):
    assert _prompt(prompts, default, name) == prompt


def one_line(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert KEY not in message
    assert KEY not in repr(error.value.__cause__)
    return message


def test_models_that_cannot_be_had(tmp_path, monkeypatch):
    with pytest.raises(InputError) as refused:
        SentenceEncoder("nobody/no-such-model").encode(["a"])
    assert "encoder=hashing" in one_line(refused)
    assert ".[offline]" in str(refused.value)
    with pytest.raises(InputError, match="not a loadable"):
        SentenceEncoder(str(tmp_path)).encode(["a"])
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU"):
        SentenceEncoder(device="cuda")


def test_openai_retries_keeps_order_and_tells_the_cost(server, monkeypatch, capsys):
    monkeypatch.setattr(build, "CHUNK", 2)
    server.replies += [429, 500]
    table = embed(SMALL, OpenAIEncoder(dimensions=48, batch_size=3))
    expected = embed(SMALL, HashingEncoder(48))
    assert np.array_equal(table.vectors["title"], expected.vectors["title"])
    assert len(server.requests) == 4
    assert {request["dimensions"] for request in server.requests} == {48}
    assert {request["path"] for request in server.requests} == {"/v1/embeddings"}
    printed = capsys.readouterr().err
    assert printed.count("OpenAI text-embedding-3-small: 4 texts, about 10 tokens, about $0.0000") == 1
    assert "list price of 20" in printed
    assert "price unknown" in OpenAIEncoder(model="other").estimate(["a"])


def test_openai_refusals_are_one_line_without_the_key(server, monkeypatch):
    encoder = OpenAIEncoder(dimensions=8, max_retries=1)
    server.replies += [429, 429]
    with pytest.raises(InputError, match="429 insufficient_quota") as refused:
        encoder.encode(["a"])
    one_line(refused)
    server.dimension_given = 9
    with pytest.raises(InputError, match="1 vectors of 8 dimensions") as refused:
        encoder.encode(["a"])
    one_line(refused)
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "x")
    with pytest.raises(InputError, match=r"refuses the key in OPENAI_API_KEY \(401\)") as refused:
        OpenAIEncoder(dimensions=8).encode(["a"])
    one_line(refused)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(InputError, match="cannot be reached") as refused:
        OpenAIEncoder(dimensions=8, max_retries=0).encode(["a"])
    one_line(refused)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="OPENAI_API_KEY is not set"):
        OpenAIEncoder()
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(InputError, match=r"\.\[openai\]"):
        OpenAIEncoder()


@pytest.mark.parametrize("name", ["hashing", "openai", pytest.param("minilm", marks=pytest.mark.slow)])
def test_every_encoder_config_instantiates(name, server):
    from hydra.utils import instantiate

    config = yaml.safe_load((Path(__file__).parents[1] / f"conf/encoder/{name}.yaml").read_text())
    assert instantiate(config).dimension == {"hashing": 256, "openai": 1024, "minilm": 384}[name]


@pytest.mark.slow
def test_minilm_knows_which_titles_are_close():
    encoder = SentenceEncoder(device="cpu")
    titles = [
        "Data Engineer",
        "Senior data engineer",
        "Machine Learning Engineer",
        "Head chef",
        "Ingénieur données",
    ]
    cosine = encoder.encode(titles) @ encoder.encode(titles).T
    assert encoder.dimension == 384
    assert encoder.name == MINILM
    assert cosine[0, 1] > 0.8 > cosine[0, 2] > 0.4 > cosine[0, 3]
    assert cosine[0, 4] == pytest.approx(0.21, abs=0.02)  # an English model: the French title is far
