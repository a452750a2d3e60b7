"""Reads a TensorBoard log with TensorBoard's own reader and prints what is in it as JSON.

    pip install 'tensorboard==2.21.*' setuptools
    python tests/oracles/tensorboard_read.py DIR
    python tests/oracles/tensorboard_read.py --group DIR

For each tag: how many events, the last step, all points, the last value and the description (scalars), size and steps (images) or number,
range and sum (histograms). With --group, of a folder of runs, what a server would say of it: the runs, the columns and rows of the table of
settings, and what the projector is given of each run. The reader is lenient: a flipped byte or a cut file silently ends that file,
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
        out["scalars"][tag]["points"] = [[event.step, event.value] for event in events]
        metadata = log.summary_metadata.get(tag)
        out["scalars"][tag]["description"] = metadata.summary_description if metadata else ""
    for tag in tags["images"]:
        events = log.Images(tag)
        last = events[-1]
        png = last.encoded_image_string
        out["images"][tag] = {
            "count": len(events),
            "steps": [event.step for event in events],
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
        if tag.startswith("_hparams_/"):
            continue
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


def group(directory):
    from google.protobuf import json_format
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
    from werkzeug.test import Client

    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(directory)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, directory)
    context = TBContext(data_provider=provider, logdir=directory, multiplexer=multiplexer)
    request, hparams = RequestContext(), backend_context.Context(context)
    experiment = get_experiment.Handler(request, hparams, "", api_pb2.GetExperimentRequest()).run()
    every = [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING, api_pb2.STATUS_UNKNOWN]
    asked = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=100, allowed_statuses=every)
    rows = list_session_groups.Handler(request, hparams, "", asked).run()

    projector = ProjectorPlugin(context)
    routes = projector.get_plugin_apps()

    def ask(route, **query):
        response = Client(routes[route]).get("/", query_string=query)
        return response.get_data()

    embeddings = {}
    for run in json.loads(ask("/runs")):
        (found,) = json.loads(ask("/info", run=run))["embeddings"]
        name = found["tensorName"]
        numbers = ask("/tensor", run=run, name=name)
        sprite = ask("/sprite_image", run=run, name=name) if "sprite" in found else None
        embeddings[run] = {
            "shape": found["tensorShape"],
            "floats": len(numbers) // 4,
            "labels": ask("/metadata", run=run, name=name).decode().splitlines(),
            "tile": found["sprite"]["singleImageDim"] if sprite else None,
            "sprite": list(struct.unpack(">II", sprite[16:24])) if sprite else None,
        }
    out = {
        "runs": sorted(run.run_name for run in provider.list_runs(request, experiment_id="")),
        "settings": [info.name for info in experiment.hparam_infos],
        "metrics": [info.name.tag for info in experiment.metric_infos],
        "rows": [json_format.MessageToDict(row) for row in rows.session_groups],
        "embeddings": embeddings,
    }
    json.dump(out, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--group", directory]:
            group(directory)
        case [directory]:
            main(directory)
        case _:
            sys.exit("usage: tensorboard_read.py [--group] DIR")
