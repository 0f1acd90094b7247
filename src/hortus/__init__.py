"""Hortus: automated machine learning. A table in, a model out."""
