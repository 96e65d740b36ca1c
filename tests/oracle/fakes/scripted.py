"""A right Lion whose conversation is bent by settings, given as JSON on the command line.

start: what changes in the answer to `start`;  mode: how it takes `start` if it is a bare program;
delay: seconds before the answer to `start`;  log: file that gets every request;  probe: how the wire is bent;
answer: what changes in the answer to a run;  crash_at: numbers of runs, counted over all processes, that crash;
turn: the start answer changes at the second process.
"""

import json
import os
import sys
import time

from lion_fake import START, trajectory, write

SETTINGS = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
LOG = SETTINGS.get("log")


def bent(inputs, how):
    """Arrays of a probe after a careless wire."""
    for name, array in inputs.items():
        data = array["data"]
        if how == "no negative zero":
            data = [0.0 if x == 0 else x for x in data]
        elif how == "no subnormals":
            data = [0.0 if isinstance(x, float) and 0 < abs(x) < 2.3e-308 else x for x in data]
        elif how == "no huge numbers":
            data = ["Infinity" if isinstance(x, float) and x > 1e308 else x for x in data]
        elif how == "no nan":
            data = [0.0 if x == "NaN" else x for x in data]
        elif how == "null for nan":
            data = [None if x == "NaN" else x for x in data]
        elif how == "infinities clipped" and name == "float64":
            data = [1.7976931348623157e308 if x == "Infinity" else x for x in data]
        elif how == "15 digits":
            data = [float(f"{x:.15g}") if isinstance(x, float) else x for x in data]
        elif how == "integers are doubles":
            data = [int(float(x)) if isinstance(x, int) else x for x in data]
        elif how == "no scalars" and array["shape"] == []:
            array["shape"] = [1]
        elif how == "no empty arrays" and 0 in array["shape"]:
            array["shape"] = [0]
        elif how == "all float64":
            array["dtype"] = "float64"
        array["data"] = data
    if how == "one is missing":
        del inputs["scalar"]
    return inputs


def bare_at_start(seq):
    """How programs that know only `run` take a `start`."""
    mode = SETTINGS["mode"]
    if mode == "crash":
        raise KeyError("inputs")
    if mode == "error":
        write({"seq": seq, "error": "KeyError: inputs"})
    elif mode == "garbage":
        print("listening", flush=True)
    elif mode == "deaf":  # silent, and goes on after the end of its input
        for _ in sys.stdin:
            pass
        time.sleep(60)
    else:
        assert mode == "silent"


def log(text):
    """Append to the log; returns how often that line was there before."""
    with open(LOG, "a+") as file:
        file.seek(0)
        before = file.read().splitlines().count(text)
        file.write(text + "\n")
    return before


def main():
    if LOG:
        processes = log('"process"')
    for line in sys.stdin:
        request = json.loads(line)
        if LOG:
            log(line.strip())
        if request["cmd"] == "start" and "mode" in SETTINGS:
            bare_at_start(request["seq"])
        elif request["cmd"] == "start":
            time.sleep(SETTINGS.get("delay", 0))
            start = START | SETTINGS.get("start", {}) | (SETTINGS["turn"] if "turn" in SETTINGS and processes else {})
            write({"seq": request["seq"]} | {key: value for key, value in start.items() if value is not None})
        elif request["cmd"] == "probe":
            write({"seq": request["seq"], "outputs": bent(request["inputs"], SETTINGS.get("probe"))})
        elif request["cmd"] == "run":
            if "crash_at" in SETTINGS and log('"run"') in SETTINGS["crash_at"]:
                os._exit(7)
            answer = {"seq": request["seq"]} | SETTINGS.get("answer", {})
            if len(answer) == 1:
                answer["outputs"] = trajectory(**request["inputs"])
                if SETTINGS.get("version_1"):
                    answer["outputs"]["thetas"]["data"][-1] += 1
            write(answer)


if __name__ == "__main__":
    main()
