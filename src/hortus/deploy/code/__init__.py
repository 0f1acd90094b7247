"""Plain Python: a model as a script that trains it again with scikit-learn and the learners alone."""

from hortus.deploy.code.inputs import CodeInputs
from hortus.deploy.code.writer import export_code

__all__ = ["CodeInputs", "export_code"]
