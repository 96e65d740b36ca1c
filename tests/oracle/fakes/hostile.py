"""A right Lion that misbehaves, in the way named on the command line, whenever it is asked about one coordinate."""

import json
import os
import signal
import subprocess
import sys
import time

from lion_fake import serve, trajectory, write


def raw(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def forever():
    while True:
        time.sleep(1)


def answer(request, **more):
    return {"seq": request["seq"], "outputs": trajectory(**request["inputs"])} | more


def thetas(request, **array):
    """An answer whose array is bent."""
    right = answer(request)
    return right | {"outputs": {"thetas": right["outputs"]["thetas"] | array}}


# Silence and death --------------------------------------------------------------------------------------------


def hang(request):
    forever()


def hang_without_end_of_line(request):
    raw(json.dumps(answer(request)).encode())
    forever()


def ignore_sigterm(request):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    forever()


def crash(request):
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_with_traceback(request):
    raise ZeroDivisionError("one coordinate")


def exit_early(request):
    sys.exit()


def exit_in_a_line(request):
    raw(b'{"seq": ')
    os._exit(3)


def close_output(request):
    os.close(1)
    forever()


def stop_reading(request):
    os.close(0)
    forever()


# Too much -----------------------------------------------------------------------------------------------------


def line_of_a_gigabyte(request):
    raw(b'{"seq": 1, "outputs": [')
    for _ in range(2**10):
        raw(b"1," * 2**19)
    raw(b"1]}\n")


def endless_output(request):
    while True:
        raw(b"x" * 2**20)


def endless_lines(request):
    while True:
        write(answer(request))


def endless_blank_lines(request):
    while True:
        raw(b"\n" * 2**16)


def endless_stderr(request):
    while True:
        sys.stderr.write("x" * 2**20)


def bomb_of_lists(request):
    raw(b'{"seq": %d, "outputs": {"thetas": [' % request["seq"] + b"[]," * 1_300_000 + b"[]]}}\n")


def bomb_of_objects(request):
    raw(b'{"seq": %d, "outputs": {"thetas": [' % request["seq"] + b"{}," * 1_300_000 + b"{}]}}\n")


def many_lists(request):
    raw(b'{"seq": %d, "outputs": {"thetas": [' % request["seq"] + b"[]," * 99_000 + b"[]]}}\n")


def deep_nesting(request):
    raw(b'{"seq": %d, "outputs": {"thetas": ' % request["seq"] + b"[" * 40_000 + b"]" * 40_000 + b"}}\n")


def nesting_that_parses(request):
    raw(b'{"seq": %d, "outputs": {"thetas": ' % request["seq"] + b"[" * 300 + b"]" * 300 + b"}}\n")


def huge_integer(request):
    raw(b'{"seq": %d, "outputs": {"thetas": ' % request["seq"] + b"1" * 10**5 + b"}}\n")


def large_integer(request):
    write(thetas(request, data=[10**400]))


# Out of step --------------------------------------------------------------------------------------------------


def answer_twice(request):
    line = json.dumps(answer(request)).encode() + b"\n"
    raw(line + line)


def answer_the_next(request):
    write(answer(request, seq=request["seq"] + 1))


def seq_as_text(request):
    write(answer(request, seq=str(request["seq"])))


def seq_is_true(request):
    write(answer(request, seq=True))


def no_seq(request):
    write({"outputs": answer(request)["outputs"]})


# Not what was asked for ---------------------------------------------------------------------------------------


def invalid_json(request):
    raw(b"theta is 3\n")


def invalid_utf8(request):
    raw(b'{"seq": "\xff\xfe"}\n')


def nan_without_quotes(request):
    write(thetas(request, data=[float("nan")]))


def key_twice(request):
    raw(b'{"seq": 1, "seq": %d, "outputs": {}}\n' % request["seq"])


def list_for_answer(request):
    write([answer(request)])


def unknown_key(request):
    write(answer(request, seconds=3))


def outputs_and_error(request):
    write(answer(request, error="but"))


def outputs_are_a_list(request):
    write(answer(request, outputs=[1]))


def no_such_output(request):
    write(answer(request, outputs={"theta": 1}))


def null_for_number(request):
    write(thetas(request, data=[None]))


def wrong_count(request):
    write(thetas(request, shape=[7, 1]))


def wrong_shape(request):
    write(thetas(request, shape=[1, 1, 1]))


def huge_shape(request):
    write(thetas(request, shape=[0, 2**62, 2**62], data=[]))


def unknown_dtype(request):
    write(thetas(request, dtype="float16"))


def narrow_dtype(request):
    write(thetas(request, dtype="float32"))


def beyond_dtype(request):
    write(thetas(request, dtype="int32", data=[2**40]))


def overflowing_literal(request):
    raw(json.dumps(thetas(request, data=["@"])).replace('"@"', "1e999").encode() + b"\n")


def nan(request):
    write(thetas(request, data=["NaN"]))


def terminal_escapes(request):
    write({"seq": request["seq"], "error": "\x1b[31mred\x07 \ud800"})


# Left behind: the answers are right ---------------------------------------------------------------------------


def note_pid(process):
    with open(os.environ["PIDS"], "a") as file:
        print(process.pid, file=file)


def leave_a_child(request):
    note_pid(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
    write(answer(request))


def leave_a_daemon(request):
    """In a session of its own, deaf to SIGTERM, and holding our pipes open."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    note_pid(subprocess.Popen([sys.executable, "-c", code], start_new_session=True))
    write(answer(request))


def leave_a_daemon_and_die(request):
    leave_a_daemon(request)
    os._exit(0)


def much_stderr(request):
    for _ in range(20):
        sys.stderr.write("warning\n" * 2**17)
    write(answer(request))


if __name__ == "__main__":
    misbehave = globals()[sys.argv[1]]
    serve(lambda request: misbehave(request) if request["inputs"]["theta0"]["shape"] == [1] else write(answer(request)))
