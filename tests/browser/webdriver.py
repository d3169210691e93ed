"""A headless Chromium by the WebDriver protocol, with nothing but the standard library."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """One window. `dark` is what the viewer's system prefers, `phone` a small screen."""

    def __init__(self, width=1280, height=800, dark=False, phone=False):
        driver = shutil.which("chromedriver")
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if not driver or not chromium:
            raise SystemExit("needs chromium and its driver: apt-get install chromium chromium-driver")
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([driver, f"--port={port}", "--log-level=SEVERE"], stdout=subprocess.DEVNULL)
        try:
            self._wait_for_driver()
            arguments = ["--headless=new", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}", "--lang=en-GB"]
            if os.geteuid() == 0:
                # Chromium refuses to run as root with its sandbox. It opens our own pages only.
                arguments.append("--no-sandbox")
            capabilities = {
                "browserName": "chrome",
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            answer = self._send("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = f"/session/{answer['sessionId']}"
            features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
            self.devtools("Emulation.setEmulatedMedia", features=features)
            self.devtools(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
            )
        except BaseException:
            self.process.kill()
            raise

    def _wait_for_driver(self):
        for _ in range(300):
            try:
                if self._send("GET", "/status")["ready"]:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)
        raise SystemExit("chromedriver does not start")

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()[:500]}") from error

    def devtools(self, command, **parameters):
        return self._send("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._send("POST", f"{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        """What a function body with these arguments gives."""
        return self._send("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, what, seconds, *arguments):
        """Waits until that is true; how long it took."""
        began = time.monotonic()
        while True:
            if self.run(script, *arguments):
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.1)

    def screenshot(self, path, whole=False):
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def log(self):
        """What the browser complained of since the last time: scripts that failed, and what the policy did not allow."""
        return [entry["message"] for entry in self._send("POST", f"{self.session}/se/log", {"type": "browser"})]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._send("DELETE", self.session)
        except Exception:
            pass
        self.process.terminate()
        self.process.wait(timeout=10)
