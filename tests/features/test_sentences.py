"""Models of sentences: what they say, what is refused, what remains of them on disk, and that they help."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import hortus
from hortus import AutoClassifier
from hortus.data.schema import ColumnSchema, Schema
from hortus.data.store import load_state, save_state
from hortus.deploy.lock import locked
from hortus.errors import ArtifactError, HortusError, InputError
from hortus.features.encode import TableEncoder
from hortus.features.sentences import open_sentences, restore_sentences
from hortus.run.export import export_run_code, export_run_onnx

# Words of two meanings, too many for any of them to come again and again; their letters say nothing.
_NUMBERS = np.random.default_rng(7).permutation(800)
WARM, COLD = ([f"w{number:03d}" for number in part] for part in np.split(_NUMBERS, 2))
TOKENS = ["<unk>", *WARM, *COLD]


def vectors() -> np.ndarray:
    """(tokens, 6) vectors: the two meanings lie apart."""
    rng = np.random.default_rng(0)
    found = rng.normal(scale=0.5, size=(len(TOKENS), 6)).astype(np.float32)
    found[1 : 1 + len(WARM), 0] += 1.0
    found[1 + len(WARM) :, 0] -= 1.0
    return found


def write_static(folder: Path) -> Path:
    """A folder with the vectors."""
    _write_tokenizer(folder)
    save_file({"embeddings": vectors()}, folder / "model.safetensors")
    return folder


def write_transformer(folder: Path, *, elsewhere: bool = False) -> Path:
    """A folder with a network of one layer; ``elsewhere`` names another file for its numbers."""
    _write_tokenizer(folder)
    table = numpy_helper.from_array(vectors(), "table")
    if elsewhere:
        table.ClearField("raw_data")
        table.data_location = TensorProto.EXTERNAL
        table.external_data.add(key="location", value="passwd")
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    out = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", 6])
    node = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    graph = helper.make_graph([node], "sentences", [ids, mask], [out], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(model.SerializeToString())
    assert elsewhere or onnx.checker.check_model(model) is None
    return folder


def _write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words = {token: number for number, token in enumerate(TOKENS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=TOKENS[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


LONG = f"{WARM[1]} {WARM[2]} {COLD[3]}"
TEXTS = [LONG, "", "nobody knows", COLD[7], LONG, f"{COLD[1]} unheard {WARM[2]}"]


@pytest.fixture(params=["static", "transformer"])
def folder(request, tmp_path):
    return (write_static if request.param == "static" else write_transformer)(tmp_path / "model")


def test_a_text_is_the_mean_of_its_tokens(folder):
    model = open_sentences(folder)
    found = model.embed(TEXTS)
    assert found.shape == (6, 6)
    table = vectors()
    mean = table[[TOKENS.index(token) for token in TEXTS[0].split()]].mean(axis=0)
    np.testing.assert_allclose(found[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_array_equal(found[0], found[4])
    assert not found[1].any()
    # Among others or alone, filled up or not: the same vector.
    np.testing.assert_allclose(open_sentences(folder).embed(TEXTS[3:4])[0], found[3], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found[[0, 3, 5]], axis=1), 1, atol=1e-6)


def test_what_was_remembered_stays_known_when_there_is_no_room_for_more(folder, monkeypatch):
    monkeypatch.setattr("hortus.features.sentences.REMEMBERED", 3)
    model = open_sentences(folder)
    first = model.embed(TEXTS[:3])
    np.testing.assert_array_equal(model.embed(TEXTS)[:3], first)
    np.testing.assert_allclose(model.embed(TEXTS[::-1])[::-1][:3], first, atol=1e-6)


def test_static_vectors_leave_out_what_they_do_not_know(tmp_path):
    found = open_sentences(write_static(tmp_path)).embed([f"{WARM[1]} unheard", WARM[1], "unheard"])
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert not found[2].any()


def test_tokens_may_share_vectors_and_weigh_differently(tmp_path):
    write_static(tmp_path)
    table = np.eye(3, dtype=np.float32)
    weights = np.ones(len(TOKENS), dtype=np.float64)
    weights[TOKENS.index(COLD[1])] = 3.0
    mapping = np.zeros(len(TOKENS), dtype=np.int64)
    mapping[TOKENS.index(COLD[1])] = 2
    save_file({"embeddings": table, "mapping": mapping, "weights": weights}, tmp_path / "model.safetensors")
    found = open_sentences(tmp_path).embed([f"{WARM[1]} {COLD[1]}"])[0]
    np.testing.assert_allclose(found, np.array([1, 0, 3]) / np.sqrt(10), atol=1e-6)


def test_on_disk_and_in_a_pickle_it_stays_the_same(folder, tmp_path):
    model = open_sentences(folder)
    expected = model.embed(TEXTS)
    save_state(tmp_path, {"sentences": model.state()})
    np.testing.assert_array_equal(restore_sentences(load_state(tmp_path)["sentences"]).embed(TEXTS), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).embed(TEXTS), expected)


def test_the_encoder_puts_meanings_beside_words(folder, tmp_path):
    rng = np.random.default_rng(1)
    rows = [" ".join(rng.choice(TOKENS[1:], 5)) if i % 9 else None for i in range(300)]
    frame = pd.DataFrame({"said": pd.Series(rows, dtype=object)})
    schema = Schema((ColumnSchema("said", "text"),))
    encoder = TableEncoder(sentences=open_sentences(folder))
    X = encoder.fit_transform(frame, schema)
    meanings = [i for i, column in enumerate(X.columns) if "meaning" in column.name]
    assert 1 <= len(meanings) <= 5
    assert all(X.columns[i].text for i in meanings)
    warm = set(WARM)
    share = np.array([0 if row is None else sum(1 if word in warm else -1 for word in row.split()) for row in rows])
    assert max(abs(np.corrcoef(X.dense[:, i], share)[0, 1]) for i in meanings) > 0.8
    save_state(tmp_path, encoder.state())
    other = TableEncoder()
    other.restore(load_state(tmp_path))
    np.testing.assert_array_equal(other.transform(frame).dense, X.dense)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "sentences-missing"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "sentences-missing"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "sentences-unreadable"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x10" * 40), "sentences-unreadable"),
    ],
)
def test_what_is_no_model_is_refused_with_the_reason(tmp_path, spoil, code):
    spoil(write_static(tmp_path))
    with pytest.raises(InputError, match=r"model|tokenizer") as caught:
        open_sentences(tmp_path)
    assert caught.value.code == code
    assert "tokenizer.json" in str(caught.value.mend)


def test_vectors_for_fewer_tokens_than_there_are_are_refused(tmp_path):
    write_static(tmp_path)
    save_file({"embeddings": vectors()[:10]}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="10 tokens"):
        open_sentences(tmp_path)


def test_a_network_that_names_other_files_is_never_opened(tmp_path):
    folder = write_transformer(tmp_path, elsewhere=True)
    with pytest.raises(InputError, match="another file"):
        open_sentences(folder)
    sound = open_sentences(write_transformer(tmp_path / "sound")).state()
    network = np.frombuffer((folder / "onnx" / "model.onnx").read_bytes(), dtype=np.uint8)
    with pytest.raises(ArtifactError, match="another file"):
        restore_sentences({**sound, "network": network})


@pytest.mark.rotated
def test_words_that_never_come_twice_are_understood_by_their_meaning(tmp_path):
    rng = np.random.default_rng(0)
    label = np.array(["warm", "cold"] * 150)
    words = {"warm": iter(rng.permutation(WARM)), "cold": iter(rng.permutation(COLD))}
    said = [f"{next(words[meaning])} {next(words[meaning])}" for meaning in label]
    X, y = pd.DataFrame({"said": said, "size": rng.normal(size=300)}), pd.Series(label, name="kind")
    common = {"trials": 3, "models": ["linear"], "text": ["said"], "random_state": 0, "verbosity": 0}
    blind = AutoClassifier(**common).fit(X, y)
    assert blind.score_ < 0.65
    model = AutoClassifier(**common, embeddings=write_static(tmp_path / "model"), run_folder=tmp_path / "run").fit(X, y)
    assert model.score_ > 0.9
    model.save(tmp_path / "model.hortus")
    for other in (hortus.load(tmp_path / "model.hortus"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-7)
    for export in (export_run_code, export_run_onnx):
        with pytest.raises(HortusError, match="model of sentences"):
            export(tmp_path / "run", tmp_path / "exported")
    assert {"tokenizers", "safetensors"} <= locked(model.predictor_).keys()
    warmth = pd.DataFrame({"said": [" ".join(WARM[:2]), " ".join(COLD[:2])], "size": [0.0, 0.0]})
    assert model.predict(warmth).tolist() == ["warm", "cold"]


def test_a_model_that_would_take_too_long_is_left_out_and_said_so(tmp_path, monkeypatch):
    from hortus.run import sentences

    folder = str(write_static(tmp_path))
    frame = pd.DataFrame({"said": pd.Series([f"{WARM[1]} {i}" for i in range(200)], dtype=object)})
    schema = Schema((ColumnSchema("said", "text"),))
    assert sentences.choose_sentences(folder, frame, schema, seconds=None)[0] is not None
    assert sentences.choose_sentences(folder, frame, schema, seconds=1000.0)[0] is not None
    monkeypatch.setattr(sentences, "SHARE", 0.0)
    model, notes = sentences.choose_sentences(folder, frame, schema, seconds=10.0)
    assert model is None
    assert [note.code for note in notes] == ["sentences-slow"]
    idle = Schema((ColumnSchema("said", "categorical"),))
    model, notes = sentences.choose_sentences(folder, frame, idle, seconds=10.0)
    assert model is None
    assert [note.code for note in notes] == ["sentences-idle"]
