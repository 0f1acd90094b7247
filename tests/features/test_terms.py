"""Terms of texts, held against what scikit-learn's own counter says of the same texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from hortus.features.terms import CUTS, FEW, Terms

TEXTS = st.lists(st.text(alphabet="ab cé-_9İß的\n", max_size=30), min_size=1, max_size=40)


@pytest.mark.parametrize("analyzer", list(CUTS))
@settings(max_examples=60)
@given(texts=TEXTS, others=TEXTS, least=st.integers(1, 3), most=st.integers(1, 30))
def test_the_same_terms_and_counts_as_scikit_learn(
    analyzer: str, texts: list[str], others: list[str], least: int, most: int
) -> None:
    theirs = CountVectorizer(analyzer=analyzer, min_df=least, max_features=most, dtype=np.float32, **CUTS[analyzer])
    terms, counts = Terms.learn(analyzer, texts, least=least, most=most)
    try:
        expected = theirs.fit_transform(texts)
    except ValueError:  # no term is left
        assert terms.terms == []
        assert counts.shape == (len(texts), 0)
        assert terms.count(others).shape == (len(others), 0)
        return
    assert terms.terms == theirs.get_feature_names_out().tolist()
    np.testing.assert_array_equal(counts.toarray(), expected.toarray())
    np.testing.assert_array_equal(terms.count(others).toarray(), theirs.transform(others).toarray())


@pytest.mark.parametrize("analyzer", list(CUTS))
def test_few_texts_are_counted_as_many_are(analyzer: str) -> None:
    texts = [f"the {animal} and the other {animal}s" for animal in ("cat", "dog", "bird", "hen", "cow")] * 3
    terms, counts = Terms.learn(analyzer, texts, least=2, most=40)
    assert len(texts) > FEW
    np.testing.assert_array_equal(terms.count(texts).toarray(), counts.toarray())
    np.testing.assert_array_equal(terms.count(texts[:1]).toarray(), counts.toarray()[:1])
