"""Sentences as vectors, by a model that the user has on disk: texts that mean much the same lie near each other.

Two kinds of model are read, as they are published; nothing is downloaded, and no code in them is run:

- a transformer: ``model.onnx`` and ``tokenizer.json`` (Reimers and Gurevych 2019, Sentence-BERT; what libraries for
  sentence embeddings export). Vectors of the tokens are averaged where the model does not do so itself.
- vectors of tokens: ``model.safetensors`` and ``tokenizer.json`` (static embeddings, as Model2Vec and
  sentence-transformers write them). A text is the mean of its tokens' vectors: hundreds of times as fast.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.errors import ArtifactError, InputError, MissingExtraError
from hortus.libraries import require

Vectors = NDArray[np.float32]

TOKENIZER = "tokenizer.json"
# Tokens of a text that are read; sentence models are trained on no more.
MOST_TOKENS = 256
# Texts that a transformer takes at once: of about the same length, since the shorter ones are filled up.
BATCH = 32
# Vectors that are remembered: explanations ask for the same texts again and again.
REMEMBERED = 20_000


class SentenceModel(ABC):
    """A model that turns texts into vectors.

    Args:
        tokenizer: what ``tokenizer.json`` holds.
    """

    kind: ClassVar[str]
    file: ClassVar[str]
    # What it is read with.
    libraries: ClassVar[frozenset[str]]

    def __init__(self, tokenizer: str) -> None:
        self.tokenizer = tokenizer
        self._remembered: dict[str, Vectors] = {}

    @classmethod
    @abstractmethod
    def read(cls, path: Path, tokenizer: str) -> SentenceModel:
        """The model in a file.

        Raises:
            ValueError: it is none.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Its kind and its arguments, as JSON values and arrays; `restore_sentences` takes them back."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) vectors of length 1; of a text without a token, zeros."""
        known = self._remembered
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            found = self._embed(new)
            size = np.linalg.norm(found, axis=1, keepdims=True)
            found = np.divide(found, size, out=np.zeros_like(found), where=size > 0)
            known = known | dict(zip(new, found, strict=True))
            self._remembered = known if len(known) <= REMEMBERED else {}
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, self.width), dtype=np.float32)

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self.embed([""]).shape[1])

    @abstractmethod
    def _embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) vectors of any length."""

    @cached_property
    def _cutter(self) -> Any:
        from_text = _library("tokenizers").Tokenizer.from_str
        cutter = from_text(self.tokenizer)
        cutter.enable_truncation(MOST_TOKENS)
        cutter.no_padding()
        return cutter

    def __getstate__(self) -> dict[str, Any]:
        # Sessions and cutters belong to a process; they are opened again where they are asked for.
        left = {"_cutter", "_session", "_remembered"}
        return {name: value for name, value in self.__dict__.items() if name not in left} | {"_remembered": {}}


class StaticModel(SentenceModel):
    """The mean of the vectors of a text's tokens.

    Args:
        tokenizer: what ``tokenizer.json`` holds.
        vectors: (v, d).
        places: (tokens,) the vector of each token; None where they are as many and in the same order.
        weights: (tokens,) of each token in the mean; None for the same.
    """

    kind = "static"
    file = "model.safetensors"
    libraries = frozenset({"safetensors", "tokenizers"})

    def __init__(
        self,
        tokenizer: str,
        vectors: Vectors,
        places: NDArray[np.int64] | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(tokenizer)
        self.vectors, self.places, self.weights = vectors, places, weights
        tokens = self._cutter.get_vocab_size()
        told = [len(vectors) if places is None else len(places), tokens if weights is None else len(weights)]
        if vectors.ndim != 2 or min(told) < tokens or (places is not None and not 0 <= places.max() < len(vectors)):
            raise ValueError(f"it has vectors for {min(told):,} tokens, and the tokenizer knows {tokens:,}")

    @classmethod
    def read(cls, path: Path, tokenizer: str) -> StaticModel:  # noqa: D102
        found = _library("safetensors.numpy").load_file(path)
        vectors = found.get("embeddings", found.get("embedding.weight"))
        if vectors is None:
            raise ValueError(f"it has no tensor called 'embeddings', but {', '.join(sorted(found)[:5])}")
        return cls(tokenizer, vectors.astype(np.float32), found.get("mapping"), found.get("weights"))

    def state(self) -> dict[str, Any]:  # noqa: D102
        own = {"vectors": self.vectors, "places": self.places, "weights": self.weights}
        return {"kind": self.kind, "tokenizer": self.tokenizer, **own}

    def _embed(self, texts: Sequence[str]) -> Vectors:
        cut = [found.ids for found in self._cutter.encode_batch(list(texts), add_special_tokens=False)]
        ids = np.asarray([token for found in cut for token in found if token != self._unknown], dtype=np.int64)
        sizes = [sum(token != self._unknown for token in found) for found in cut]
        places = ids if self.places is None else self.places[ids]
        weight = np.ones(len(ids), dtype=np.float32) if self.weights is None else self.weights[ids].astype(np.float32)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        shares = sparse.csr_array((weight, places, ends), shape=(len(texts), len(self.vectors)))
        found: Vectors = (shares @ self.vectors) / np.maximum(1, np.asarray(sizes))[:, None].astype(np.float32)
        return found

    @cached_property
    def _unknown(self) -> int:
        """The number of the token for what the tokenizer does not know; -1 where it knows everything."""
        token = getattr(self._cutter.model, "unk_token", None)
        number = None if token is None else self._cutter.token_to_id(token)
        return -1 if number is None else int(number)


class TransformerModel(SentenceModel):
    """A network that reads tokens in their order.

    Args:
        tokenizer: what ``tokenizer.json`` holds.
        network: the bytes of the ONNX model.
    """

    kind = "transformer"
    file = "model.onnx"
    libraries = frozenset({"onnx", "onnxruntime", "tokenizers"})

    def __init__(self, tokenizer: str, network: NDArray[np.uint8]) -> None:
        super().__init__(tokenizer)
        self.network = network
        _refuse_other_files(network.tobytes())
        asked = {one.name for one in self._session.get_inputs()}
        if "input_ids" not in asked or not asked <= set(INPUTS):
            raise ValueError(f"it asks for {', '.join(sorted(asked))}, and not for {', '.join(INPUTS)}")

    @classmethod
    def read(cls, path: Path, tokenizer: str) -> TransformerModel:  # noqa: D102
        return cls(tokenizer, np.fromfile(path, dtype=np.uint8))

    def state(self) -> dict[str, Any]:  # noqa: D102
        return {"kind": self.kind, "tokenizer": self.tokenizer, "network": self.network}

    def _embed(self, texts: Sequence[str]) -> Vectors:
        cut = [found.ids for found in self._cutter.encode_batch(list(texts))]
        order = sorted(range(len(cut)), key=lambda place: len(cut[place]))
        parts = [self._batch([cut[place] for place in order[i : i + BATCH]]) for i in range(0, len(order), BATCH)]
        found = np.concatenate(parts)
        vectors: Vectors = np.empty_like(found)
        vectors[order] = found
        return vectors

    def _batch(self, cut: Sequence[Sequence[int]]) -> Vectors:
        ids = np.zeros((len(cut), max(1, *map(len, cut))), dtype=np.int64)
        there = np.zeros_like(ids)
        for row, tokens in enumerate(cut):
            ids[row, : len(tokens)], there[row, : len(tokens)] = tokens, 1
        values = dict(zip(INPUTS, (ids, there, np.zeros_like(ids)), strict=True))
        asked = [one.name for one in self._session.get_inputs()]
        found = self._session.run(None, {name: values[name] for name in asked})
        flat = next((one for one in found if one.ndim == 2), None)
        if flat is not None:
            return np.asarray(flat, dtype=np.float32)
        mean = (found[0] * there[:, :, None]).sum(axis=1) / np.maximum(1, there.sum(axis=1))[:, None]
        return np.asarray(mean, dtype=np.float32)

    @cached_property
    def _session(self) -> Any:
        return _library("onnxruntime").InferenceSession(self.network.tobytes(), providers=["CPUExecutionProvider"])


INPUTS = ("input_ids", "attention_mask", "token_type_ids")
KINDS: dict[str, type[SentenceModel]] = {StaticModel.kind: StaticModel, TransformerModel.kind: TransformerModel}


def open_sentences(folder: Path) -> SentenceModel:
    """The model in a folder.

    Raises:
        InputError: there is none, or it cannot be read.
        MissingExtraError: a library that reads it is not installed.
    """
    folder = Path(folder)
    wanted = f"A folder with {TOKENIZER} and {' or '.join(kind.file for kind in KINDS.values())} is wanted."
    # Beside the model, or one level below as some are published (onnx/model.onnx).
    places = [(kind, place) for kind in KINDS.values() for place in (folder / kind.file, folder / "onnx" / kind.file)]
    found = next(((kind, place) for kind, place in places if place.is_file()), None)
    if found is None or not (folder / TOKENIZER).is_file():
        missing = TOKENIZER if found is not None else "model"
        raise InputError(f"{str(folder)!r} has no {missing}.", mend=wanted, code="sentences-missing")
    try:
        return found[0].read(found[1], (folder / TOKENIZER).read_text(encoding="utf-8"))
    except MissingExtraError:
        raise
    except Exception as error:  # whatever three libraries raise over a damaged file
        raise InputError(
            f"The sentence model {str(found[1])!r} cannot be read: {error}", mend=wanted, code="sentences-unreadable"
        ) from error


def restore_sentences(state: dict[str, Any]) -> SentenceModel:
    """Take back what `SentenceModel.state` gave.

    Raises:
        ArtifactError: it is damaged.
        MissingExtraError: a library that reads it is not installed.
    """
    try:
        return KINDS[state["kind"]](**{name: value for name, value in state.items() if name != "kind"})
    except MissingExtraError:
        raise
    except Exception as error:
        raise ArtifactError(
            f"The sentence model in this file cannot be read: {error}",
            mend="Take the model from its run again, or fit it anew.",
            code="sentences-damaged",
        ) from error


def _refuse_other_files(network: bytes) -> None:
    """Refuse a network whose numbers lie in other files: a model from elsewhere must not name files of this machine.

    Raises:
        ValueError: it is such a one, or no ONNX model at all.
    """
    onnx = _library("onnx")
    model = onnx.load_model_from_string(network)
    if any(map(onnx.external_data_helper.uses_external_data, onnx.external_data_helper._get_all_tensors(model))):
        raise ValueError("its numbers lie in another file; export it as one")


def _library(module: str) -> Any:
    return require(module, "text", purpose="for sentence embeddings")
