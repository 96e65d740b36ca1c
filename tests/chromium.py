"""Headless Chromium with the network cut, driven through a pipe by its own protocol: no driver, no package."""

import base64
import json
import os
import select
import shutil
import signal
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Backspace": (8, ""), "ArrowRight": (39, ""),
        "End": (35, ""), "Home": (36, "")}  # code and text  # fmt: skip
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--disable-extensions", "--disable-features=BackForwardCache,MediaRouter,OptimizationHints,Translate"),
    *("--remote-debugging-pipe", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>"),  # no network
]
# Boxes that reach over the right edge, and are not in a box that scrolls by itself.
OVERFLOW = """[...document.body.querySelectorAll("*")].filter(e => {
  if (e.getBoundingClientRect().right <= innerWidth + 1 || !e.checkVisibility()) return false;
  for (let box = e.parentElement; box && box !== document.body; box = box.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
  return true;
}).slice(0, 5).map(e => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""

# What can be used and is seen; and what of it was never marked as having the focus.
USABLE = """[...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")].filter(
  e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility())"""
UNREACHED = f"""{USABLE}.filter(e => window.usable.has(e) && !("tabbed" in e.dataset)).map(
  e => e.outerHTML.slice(0, 120))"""


def missing():
    """Why there is no browser; nothing if there is one."""
    return "" if os.name == "posix" and _path() else f"needs one of {', '.join(NAMES)}"


def _path():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab; `errors` are the errors of console and scripts since the last `open`; `shown` is what was opened."""

    def __init__(self, profile):
        import fcntl  # not everywhere: see `missing`

        # High numbers, so that no end of a pipe lies where the browser looks for its own: 3 to read, 4 to write.
        low = [*os.pipe(), *os.pipe()]
        theirs_in, self._out, self._in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
        null = os.open(os.devnull, os.O_RDWR)
        self._pid = os.posix_spawn(
            _path(),
            [_path(), *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)),
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            ],
            setpgroup=0,
        )
        for fd in (*low, theirs_in, theirs_out, null):
            os.close(fd)
        self._buffer, self._count, self._session, self.errors, self._loaded = b"", 0, None, [], False
        self.shown = None
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def close(self):
        """End the browser and all its processes."""
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._out)
        os.close(self._in)

    def send(self, method, **params):
        """Call a method of the protocol; its result."""
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (reply := self._receive(60)).get("id") != number:
            pass
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]

    def _receive(self, seconds):
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("no word from the browser")
            if not (more := os.read(self._in, 1 << 20)):
                raise RuntimeError("the browser ended")
            self._buffer += more
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params"))
        return message

    def _note(self, method, params):
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))

    def open(self, address, *view):
        """Go to an address, in a window of this `width`, and wait for its load event.

        By way of an empty page: a change of the hash alone loads the page too, and no old one is laid out anew.
        """
        self._go("about:blank")
        if view:
            self.width(*view)
        self._go(address)

    def _go(self, url):
        self.errors, self._loaded = [], False
        self.send("Page.navigate", url=url)
        while not self._loaded:
            self._receive(60)
        self.shown = url

    def run(self, script):
        """The value of an expression in the page; a promise is awaited."""
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def width(self, pixels, scheme="light", height=900):
        """Set the color scheme and the width of the window; after the width the browser lays out the page at once."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.send("Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=False)

    def overflow(self):
        """What reaches over the right edge, cut off there or not."""
        wide = self.run("document.documentElement.scrollWidth > innerWidth")
        return self.run(OVERFLOW) or ["the page"] * wide

    def press(self, key):
        """Press and release a key."""
        number, text = KEYS[key]
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text, windowsVirtualKeyCode=number)

    def type(self, text):
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def unreached(self, most=2000):
        """Go round with the Tab key, marking what gets the focus with `data-tabbed`; what was left out."""
        self.run(f"(window.usable = new Set({USABLE})).size")  # scrolling may bring up more, a way to the top say
        self.run(
            "addEventListener('focusin', event => {"
            "'tabbed' in event.target.dataset ? window.round = true : event.target.dataset.tabbed = '' })"
        )
        for _ in range(most // 20):
            for _ in range(20):
                self.press("Tab")
            if self.run("window.round"):
                return self.run(UNREACHED)
        return [f"more than {most} stops"]

    def picture(self, path, most=5000):
        """Write a PNG of the whole page, or of its first `most` pixels."""
        wide, high = self.run("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": wide, "height": min(high, most), "scale": 1}
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
