"""From a run to a model that stands alone."""
