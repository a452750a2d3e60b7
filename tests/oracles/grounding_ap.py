"""Fixture for the average precision of boxes in crates/metrics, by pycocotools.

    python -m venv grounding-venv && grounding-venv/bin/pip install pycocotools==2.0.11 numpy==2.4.6
    grounding-venv/bin/python tests/oracles/grounding_ap.py

Every question is a picture of its own with one object or none and one box, all of one category: a box on another object than
the one that was asked for is wrong.
"""

import contextlib
import importlib.metadata
import io
import json
import pathlib

import numpy as np
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "grounding_ap.json"


def as_coco(edges):
    left, top, right, bottom = edges
    return [left, top, right - left, bottom - top]


def ap50(questions):
    images = [{"id": number} for number in range(1, len(questions) + 1)]
    objects = [
        {"id": image["id"], "image_id": image["id"], "category_id": 1, "iscrowd": 0}
        | {"bbox": as_coco(question["object"]), "area": float(np.prod(as_coco(question["object"])[2:]))}
        for image, question in zip(images, questions)
        if question["object"]
    ]
    found = [
        {"image_id": image["id"], "category_id": 1, "bbox": as_coco(question["found"]), "score": question["score"]}
        for image, question in zip(images, questions)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": images, "annotations": objects, "categories": [{"id": 1}]}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    # Overlap of 0.5, all recalls, the category, objects of any area, 100 boxes a picture.
    precision = evaluation.eval["precision"][0, :, 0, 0, -1]
    return float(precision.mean())


def case(draws, count, absent, spread, digits):
    questions = []
    for _ in range(count):
        corner, side = draws.uniform(0, 33, 2), draws.integers(3, 16, 2)
        truth = np.concatenate([np.floor(corner), np.floor(corner) + side]).astype(float)
        found = truth + draws.normal(0, spread, 4)
        found[2:] = np.maximum(found[2:], found[:2] + 0.5)
        found = found.round(3)
        shown = draws.uniform() >= absent
        sure = draws.normal(1.0 if shown else -1.0, 1.5)
        overlap = mask.iou([as_coco(found)], [as_coco(truth)], [0])[0, 0] if shown else 0.0
        questions.append({
            "object": truth.tolist() if shown else None,
            "found": found.tolist(),
            "score": round(float(1 / (1 + np.exp(-sure))), digits),
            "iou": float(overlap),
        })
    return {"questions": questions, "ap50": ap50(questions)}


def main():
    draws = np.random.default_rng(0)
    # Ordinary boxes, good ones, bad ones, equal scores, as many objects as recalls, and few.
    sizes = [(60, 0.4, 1.5, 6), (60, 0.4, 0.3, 6), (60, 0.4, 5.0, 6), (60, 0.4, 1.5, 1), (100, 0.0, 2.5, 6), (3, 0.0, 1.5, 6)]
    cases = [case(draws, *size) for size in sizes]
    versions = {name: importlib.metadata.version(name) for name in ("pycocotools", "numpy")}
    FIXTURE.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
