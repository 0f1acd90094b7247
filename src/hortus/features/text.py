"""Free text as numbers: weights of words, their main directions, and a few plain measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.features.sentences import SentenceModel
from hortus.features.terms import Terms
from hortus.seeds import derive, stream

# Characters up to which a text counts as short: letters then say what words, each seen once, cannot.
SHORT = 60
# What the vocabulary is learned from: characters, but never fewer rows than these.
VOCABULARY_SIZE = 500_000
VOCABULARY_ROWS = 2_000
# What the main directions are learned from: rows, and words, the commonest.
DIRECTION_ROWS = 4_000
DIRECTION_WORDS = 8_000
# Main directions of a long text, and of a short one: of names and titles, more than a few are noise to trees
# (film titles: R2 .263 with 5, .253 with 50; reviews: AUC .745 with 5, .821 with 50).
COMPONENTS, SHORT_COMPONENTS = 50, 8
MEASURES = ("length", "words", "digits", "capitals")


class TextWeights:
    """One column of text: (n, 4 + k) dense numbers and an (n, m) sparse block of tf-idf weights.

    Words are counted alone and in pairs; in short texts, and in scripts that put no spaces between words, runs of
    3 and 4 letters too. The k main directions of the weights (latent semantic analysis) are for learners that
    cannot read the sparse block. With a model of sentences, the principal components of its vectors follow them.

    Args:
        width: most words and runs kept.
        seed: of the rows learned from and of the directions.
        sentences: turns texts into vectors; None to do without.
    """

    def __init__(self, width: int = 20_000, *, seed: int = 0, sentences: SentenceModel | None = None) -> None:
        self.width = width
        self.seed = seed
        self.sentences = sentences

    def fit_transform(self, texts: list[str | None]) -> tuple[NDArray[np.float32], sparse.csr_array]:
        """Learn words and directions from ``texts``; None is a missing one."""
        known = [text or "" for text in texts]
        size = sum(map(len, known)) / max(len(known), 1)
        chosen = self._sample(len(known), max(VOCABULARY_ROWS, int(VOCABULARY_SIZE / max(size, 1))))
        sample, others = [known[i] for i in np.flatnonzero(chosen)], [known[i] for i in np.flatnonzero(~chosen)]
        self._counters = []
        blocks = []
        short, solid = _shape(sample)
        letters = short or solid
        for analyzer in ("word", "char_wb") if letters else ("word",):
            counter = _Counter(analyzer)
            block = counter.learn(sample, self.width // 2 if letters else self.width)
            if block is not None:
                self._counters.append(counter)
                blocks.append(block)
        # Words take long to cut: the rows learned from are weighed as they are.
        learned = _joined(blocks, len(sample))
        weights = learned
        if others:
            places = np.argsort(np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)]))
            weights = sparse.csr_array(sparse.vstack([learned, self._weigh(others)], format="csr")[places])
        most = SHORT_COMPONENTS if short else COMPONENTS
        self._directions = main_directions(weights, most, self.seed)
        self._meaning = None if self.sentences is None else _Meaning.learn(self.sentences, known, most, self.seed)
        return self._dense(texts, known, weights), weights

    def transform(self, texts: list[str | None]) -> tuple[NDArray[np.float32], sparse.csr_array]:
        """The same numbers for other texts."""
        known = [text or "" for text in texts]
        weights = self._weigh(known)
        return self._dense(texts, known, weights), weights

    @property
    def names(self) -> list[str]:
        """Names of the dense columns."""
        meanings = 0 if self._meaning is None else self._meaning.axes.shape[1]
        directions = (f"direction {i}" for i in range(self._directions.shape[1]))
        return [*MEASURES, *directions, *(f"meaning {i}" for i in range(meanings))]

    def state(self) -> dict[str, Any]:
        """Vocabularies with their weights, and the directions."""
        counters = [
            {"analyzer": counter.analyzer, "terms": counter.terms, "idf": counter.idf} for counter in self._counters
        ]
        found = {"width": self.width, "seed": self.seed, "counters": counters, "directions": self._directions}
        meaning = self._meaning
        return found if meaning is None else {**found, "meaning": {"mean": meaning.mean, "axes": meaning.axes}}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self.width, self.seed, self._directions = state["width"], state["seed"], state["directions"]
        meaning = state.get("meaning")
        self._meaning = None if meaning is None else _Meaning(meaning["mean"], meaning["axes"])
        self._counters = []
        for kept in state["counters"]:
            counter = _Counter(kept["analyzer"])
            counter.restore(kept["terms"], kept["idf"])
            self._counters.append(counter)

    def _sample(self, count: int, rows: int) -> NDArray[np.bool_]:
        """(count,) whether a row is learned from."""
        chosen = np.ones(count, dtype=bool)
        if count > rows:
            chosen[:] = False
            chosen[stream(self.seed, "text", "sample").choice(count, rows, replace=False)] = True
        return chosen

    def _weigh(self, texts: list[str]) -> sparse.csr_array:
        return _joined([counter.weigh(texts) for counter in self._counters], len(texts))

    def _dense(self, texts: list[str | None], known: list[str], weights: sparse.csr_array) -> NDArray[np.float32]:
        dense = np.empty((len(known), len(self.names)), dtype=np.float32)
        for i, text in enumerate(known):
            size = len(text)
            dense[i, :4] = (size, text.count(" ") + 1 if size else 0, *_shares(text))
        dense[[i for i, text in enumerate(texts) if text is None], :4] = np.nan
        # In float64: sums in float32 depend on their order in the last bit, which flips a tree's cut at such a value.
        last = len(MEASURES) + self._directions.shape[1]
        dense[:, len(MEASURES) : last] = weights.astype(np.float64) @ self._directions
        if self._meaning is not None and self.sentences is not None:
            dense[:, last:] = self._meaning.of(self.sentences.embed(known))
        return dense


@dataclass(frozen=True)
class _Meaning:
    """The principal components of sentences' vectors.

    Attributes:
        mean: (d,) of the vectors.
        axes: (d, k).
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def learn(cls, sentences: SentenceModel, texts: list[str], most: int, seed: int) -> _Meaning:
        """At most ``most`` of them."""
        from sklearn.decomposition import PCA

        rows = min(len(texts), DIRECTION_ROWS)
        chosen = np.sort(stream(seed, "text", "meaning").choice(len(texts), rows, replace=False))
        vectors = sentences.embed([texts[i] for i in chosen]).astype(np.float64)
        count = min(most, min(vectors.shape) - 1)
        if count < 1:
            return cls(np.zeros(vectors.shape[1]), np.zeros((vectors.shape[1], 0)))
        found = PCA(count, svd_solver="covariance_eigh").fit(vectors)
        return cls(found.mean_, found.components_.T)

    def of(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, k) of (n, d) vectors."""
        found: NDArray[np.float64] = (vectors.astype(np.float64) - self.mean) @ self.axes
        return found


def main_directions(weights: sparse.csr_array, most: int, seed: int) -> NDArray[np.float32]:
    """(m, k) main directions; none where there are too few rows or words for any."""
    from sklearn.decomposition import TruncatedSVD
    from threadpoolctl import threadpool_limits

    rows, words = weights.shape
    if rows > DIRECTION_ROWS:
        chosen = stream(seed, "text", "directions").choice(rows, DIRECTION_ROWS, replace=False)
        weights = weights[np.sort(chosen)]
    common = np.sort(np.argsort(-np.bincount(weights.indices, minlength=words), kind="stable")[:DIRECTION_WORDS])
    weights = weights[:, common]
    count = min(most, min(weights.shape) - 1)
    if count < 1 or not weights.nnz:
        return np.zeros((words, 0), dtype=np.float32)
    decomposition = TruncatedSVD(count, n_iter=2, random_state=derive(seed, "text"))
    # A table of equal texts has no variance to share out, which the decomposition divides by. The products are
    # small: on a busy machine, threads that wait for each other take twenty times as long as one.
    with np.errstate(divide="ignore", invalid="ignore"), threadpool_limits(1):
        decomposition.fit(weights)
    directions = np.zeros((words, count), dtype=np.float32)
    directions[common] = decomposition.components_.T
    return directions


def _shares(text: str) -> tuple[float, float]:
    """Shares of digits and of capitals among the characters."""
    if not text:
        return 0.0, 0.0
    return sum(map(str.isdigit, text)) / len(text), sum(map(str.isupper, text)) / len(text)


def _shape(texts: list[str]) -> tuple[bool, bool]:
    """Whether the texts are short, and whether they are written without spaces between words."""
    sizes = [len(text) for text in texts if text]
    if not sizes:
        return False, False
    spaces = sum(text.count(" ") for text in texts)
    return bool(np.median(sizes) <= SHORT), sum(sizes) > 20 * (spaces + len(sizes))


def _least(texts: int) -> int:
    """In how many of so many texts a word must stand to be kept."""
    return 2 if texts < 1000 else 3


def _joined(blocks: list[sparse.csr_array], rows: int) -> sparse.csr_array:
    if not blocks:
        return sparse.csr_array(np.empty((rows, 0), dtype=np.float32))
    return sparse.csr_array(blocks[0] if len(blocks) == 1 else sparse.hstack(blocks, format="csr"))


class _Counter:
    """The words, or runs of letters, of texts: which there are, and their tf-idf weights.

    Args:
        analyzer: a name in `hortus.features.terms.CUTS`.
    """

    def __init__(self, analyzer: str) -> None:
        from sklearn.feature_extraction.text import TfidfTransformer

        self.analyzer = analyzer
        self._weights = TfidfTransformer(sublinear_tf=True)

    @property
    def terms(self) -> list[str]:
        """The words, in the order of their columns."""
        return self._counts.terms

    @property
    def idf(self) -> NDArray[np.float32]:
        """(m,) inverse document frequencies."""
        found: NDArray[np.float32] = self._weights.idf_
        return found

    def learn(self, texts: list[str], width: int) -> sparse.csr_array | None:
        """The words that texts have in common, ``width`` at most, and the (n, m) weights; None where there are none."""
        self._counts, counts = Terms.learn(self.analyzer, texts, least=_least(len(texts)), most=max(width, 1))
        if not self.terms:
            return None
        # In the order in which `weigh` adds them up: another order is another last bit.
        counts.sort_indices()
        return sparse.csr_array(self._weights.fit_transform(counts))

    def weigh(self, texts: list[str]) -> sparse.csr_array:
        """(n, m) weights of the words in other texts."""
        if not texts:
            return sparse.csr_array(np.empty((0, len(self.idf)), dtype=np.float32))
        return sparse.csr_array(self._weights.transform(self._counts.count(texts)))

    def restore(self, terms: list[str], idf: NDArray[np.float32]) -> None:
        """Take back what was learned."""
        self._counts = Terms(self.analyzer, terms)
        self._weights.idf_ = idf
