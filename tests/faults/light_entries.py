"""A trial whose worker starts at once: it imports nothing heavy."""

from pathlib import Path

from hortus.data.artifacts import write_artifact


def run(payload, report):
    number = payload["number"]
    stored = write_artifact(
        Path(payload["folder"]), f"artifacts/{number:06d}.bin", lambda path: path.write_bytes(b"%d" % number * 5000)
    )
    return {
        "fold_scores": [],
        "score": number / 10,
        "seconds": 0.0,
        "predict_seconds": 0.0,
        "work": 1.0,
        "artifacts": [{"name": "predictions", "path": stored.path, "sha256": stored.sha256, "size": stored.size}],
        "notes": {},
    }


def soak(payload, report):
    number = payload["number"]
    return {
        "fold_scores": [number % 7 / 7],
        "score": number % 7 / 7,
        "seconds": 0.001,
        "predict_seconds": 0.0,
        "work": 1.0,
        "artifacts": [],
        "notes": {},
    }
