"""What TensorBoard sees of a run, as JSON, read by the official `tensorboard` package.

    .venv/bin/python tests/read_tensorboard.py RUN_DIR

The answer: `scalars` and `images` by tag ([step, value] and [step, width, height, bytes, type]), `texts` by tag (the HTML that
the TEXT tab shows), and what the HPARAMS tab shows: `hparams` (names and values), `metrics` (tags and last values), `status`.
Every point that is in the files is in the answer: nothing is thinned out.
"""

import json
import math
import pathlib
import sys

from google.protobuf import json_format
from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
from tensorboard.plugins.text import text_plugin
from tensorboard.util.img_mime_type_detector import from_bytes


def curves(folder):
    """Every scalar and picture of the event files in `folder`."""
    everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(folder), size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [[point.step, number(point.value)] for point in events.Scalars(tag)] for tag in tags["scalars"]}
    images = {
        tag: [
            [image.step, image.width, image.height, len(data := image.encoded_image_string), from_bytes(data)]
            for image in events.Images(tag)
        ]
        for tag in tags["images"]
    }
    return scalars, images


def number(value):
    """JSON has no infinities: they, and NaN, become text."""
    return value if math.isfinite(value) else str(value)


def plugins(folder):
    """What the TEXT and HPARAMS tabs show of `folder`, asked of their own code."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    context = base_plugin.TBContext(logdir=str(folder), multiplexer=multiplexer, data_provider=provider)

    text = text_plugin.TextPlugin(context)
    tags = [(run, tag) for run, tags in text.index_impl(RequestContext(), "").items() for tag in tags]
    texts = {tag: [event["text"] for event in text.text_impl(RequestContext(), run, tag, "", True)] for run, tag in tags}

    hparams = backend_context.Context(context)
    request = api_pb2.GetExperimentRequest()
    experiment = get_experiment.Handler(RequestContext(), hparams, "", request).run()
    columns = [api_pb2.ColParams(hparam=info.name) for info in experiment.hparam_infos]
    columns += [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
    request = api_pb2.ListSessionGroupsRequest(
        col_params=columns,
        slice_size=100,
        aggregation_type=api_pb2.AGGREGATION_AVG,
        allowed_statuses=api_pb2.Status.values(),
    )
    groups = list_session_groups.Handler(RequestContext(), hparams, "", request).run()
    # As the page gets them: a value that JSON cannot hold would be an error there, and so it is here.
    sessions = [json_format.MessageToDict(group) for group in groups.session_groups]
    if not sessions:
        return {"texts": texts, "hparams": {}, "metrics": {}, "status": None}
    session = sessions[0]
    # JSON made of a message leaves out what is zero.
    metrics = {metric["name"]["tag"]: metric.get("value", 0.0) for metric in session.get("metricValues", [])}
    status = session["sessions"][0].get("status", "STATUS_UNKNOWN")
    return {"texts": texts, "hparams": session.get("hparams", {}), "metrics": metrics, "status": status}


def main():
    if len(sys.argv) != 2 or not (folder := pathlib.Path(sys.argv[1], "tensorboard")).is_dir():
        sys.exit("usage: read_tensorboard.py RUN_DIR, where RUN_DIR holds a folder `tensorboard`")
    scalars, images = curves(folder)
    print(json.dumps({"scalars": scalars, "images": images, **plugins(folder)}, indent=1))


main()
