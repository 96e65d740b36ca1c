"""Serve an installed optimizer to the oracle from a process of its own, with packages from a folder of its own.

refimpl check lion.trajectory --exec ".venv/bin/python tests/peers/serve.py FOLDER SYSTEM MODULE:CLASS JSON-SETTINGS"

In place of MODULE:CLASS also FILE.py:NAME, an adapter as for --python.
"""

import json
import sys

from refimpl.oracle import catalog
from refimpl.oracle.candidates import CandidateError, Function, NotApplicable, TorchOptimizer, load
from refimpl.oracle.candidates.wire import decode, encode


def main(folder, target, reference, settings):
    sys.path.insert(0, folder)
    if ".py:" in reference:
        candidate = Function(load(reference), operation=target, name=reference.rpartition(":")[2])
    else:
        candidate = TorchOptimizer(load(reference), settings=json.loads(settings))
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "start":
            about = {"name": candidate.name, "version": candidate.version or "unknown", "language": candidate.language}
            able = {
                "operations": [op.name for op in catalog.operations(target) if candidate.offers(op)],
                "dtypes": ["float64", "float32"],
            }
            print(json.dumps({"seq": request["seq"], "protocol": 1, "implementation": about} | able), flush=True)
            continue
        if request["cmd"] != "run":
            return
        operation, inputs = catalog.operation(request["operation"]), request["inputs"]
        numbers = {field.name for field in operation.inputs if field.kind == "float"}  # an infinity comes as a word
        inputs = {k: float(v) if k in numbers else v for k, v in inputs.items()}
        inputs = {k: decode(v, k) if isinstance(v, dict) else v for k, v in inputs.items()}
        answer = {"seq": request["seq"]}
        try:
            outputs = candidate.run(operation, inputs)
            answer["outputs"] = {name: encode(value) for name, value in outputs.items()}
        except NotApplicable as reason:
            answer["skipped"] = str(reason)
        except CandidateError as error:
            answer["error"] = str(error)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
