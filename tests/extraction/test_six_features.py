"""A feature more in the declarations is a feature more in the model, without code."""

import json

import pandas as pd
import pytest

from tests.conftest import LEAN, python
from tests.paths import CONF, ROOT


@pytest.mark.slow
def test_a_sixth_feature_reaches_the_learned_weights(tiny_board, tmp_path) -> None:
    entry = (ROOT / "README.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    six = tmp_path / "conf" / "features" / "six.yaml"
    six.parent.mkdir(parents=True)
    six.write_text((CONF / "features" / "default.yaml").read_text(encoding="utf-8") + entry, encoding="utf-8")
    board, made, run = [f"data.root={tiny_board}", "data=challenge"], tmp_path / "made", tmp_path / "run"
    done = python(
        "extract.py", "--config-dir", str(tmp_path / "conf"), "features=six", *board, "encoder=hashing", f"out={made}",
        f"paths.cache={tmp_path}", f"hydra.run.dir={tmp_path / 'log'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(made / "features.parquet")
    assert table.loc[table["feature"] == "contract", "value"].nunique() > 1
    place = [f"data.features={made}", f"paths.cache={tmp_path}", f"hydra.run.dir={run}", "data.folds=2"]
    done = python("train.py", "+experiment=hybrid", *board, *place, *LEAN)
    assert done.returncode == 0, done.stderr
    weights = json.loads((run / "feature_weights.json").read_text())
    assert list(weights) == ["title", "seniority", "company", "location", "industry", "contract"]
