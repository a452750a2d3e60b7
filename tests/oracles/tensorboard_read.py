"""Reads a TensorBoard log with TensorBoard's own reader and prints what is in it as JSON.

    pip install 'tensorboard==2.21.*'
    python tests/oracles/tensorboard_read.py DIR

For each tag: how many events, the last step, and the last value (scalars), size (images) or number,
range and sum (histograms). The reader is lenient: a flipped byte or a cut file silently ends that file,
so compare counts and last steps, never only the absence of an error. "records" and "damaged_files" come from
a reader of our own that checks both checksums of every record, and do tell.
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

KINDS = ("scalars", "images", "histograms", "tensors", "compressedHistograms", "audio")


def whole_records(path):
    """The number of undamaged records, and whether the file ends right after the last of them."""
    data, at, records = path.read_bytes(), 0, 0
    while at < len(data):
        header = data[at : at + 12]
        if len(header) < 12 or masked_crc32c(header[:8]) != struct.unpack("<I", header[8:])[0]:
            return records, False
        (length,) = struct.unpack("<Q", header[:8])
        body, footer = data[at + 12 : at + 12 + length], data[at + 12 + length : at + 16 + length]
        if len(footer) < 4 or masked_crc32c(body) != struct.unpack("<I", footer)[0]:
            return records, False
        at, records = at + 16 + length, records + 1
    return records, True


def main(directory):
    log = EventAccumulator(directory, size_guidance={kind: 0 for kind in KINDS})
    log.Reload()
    tags = log.Tags()
    out = {"scalars": {}, "images": {}, "histograms": {}, "texts": {}}
    for tag in tags["scalars"]:
        events = log.Scalars(tag)
        out["scalars"][tag] = {"count": len(events), "last_step": events[-1].step, "last_value": events[-1].value}
    for tag in tags["images"]:
        events = log.Images(tag)
        last = events[-1]
        png = last.encoded_image_string
        out["images"][tag] = {
            "count": len(events),
            "last_step": last.step,
            "width": last.width,
            "height": last.height,
            "png_size": list(struct.unpack(">II", png[16:24])) if png[:8] == b"\x89PNG\r\n\x1a\n" else None,
        }
    for tag in tags["histograms"]:
        events = log.Histograms(tag)
        values = events[-1].histogram_value
        out["histograms"][tag] = {
            "count": len(events),
            "last_step": events[-1].step,
            "num": values.num,
            "min": values.min,
            "max": values.max,
            "sum": values.sum,
            "in_buckets": sum(values.bucket),
        }
    for tag in tags["tensors"]:
        events = log.Tensors(tag)
        text = b"\n".join(events[-1].tensor_proto.string_val).decode("utf-8", "replace")
        out["texts"][tag] = {"count": len(events), "last_step": events[-1].step, "last_value": text}
    files = sorted(pathlib.Path(directory).glob("events.out.tfevents.*"))
    checked = [(path, *whole_records(path)) for path in files]
    out["files"] = [path.name for path in files]
    out["records"] = sum(records for _, records, _ in checked)
    out["damaged_files"] = [path.name for path, _, whole in checked if not whole]
    json.dump(out, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tensorboard_read.py DIR")
    main(sys.argv[1])
