"""Chromium by its DevTools protocol: starts one without a window, drives one page of it, keeps what it complains of."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

from websockets.sync.client import connect


class Browser:
    """A headless Chromium with one page; a context manager that ends it."""

    def __init__(self, program, arguments=()):
        self.folder = tempfile.mkdtemp(prefix="check-page-")
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
            f"--user-data-dir={self.folder}/profile", *arguments, "about:blank",
        ]
        self.log = open(f"{self.folder}/log", "w+b")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.complaints = []
        self.documents = []  # the responses that documents came in
        self.last = 0
        try:
            self.socket = connect(self._page_address(), max_size=None, compression=None)
            for domain in ["Page", "Runtime", "Log", "Network", "Audits"]:
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if hasattr(self, "socket"):
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _page_address(self):
        port_file = f"{self.folder}/profile/DevToolsActivePort"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with open(port_file, encoding="ascii") as file:
                    port = int(file.readline())
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as reply:
                    pages = [target for target in json.load(reply) if target["type"] == "page"]
                if pages:
                    return pages[0]["webSocketDebuggerUrl"]
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        self.log.seek(0)
        raise RuntimeError("chromium did not start:\n" + self.log.read().decode(errors="replace")[-2000:])

    # --- the protocol ---

    def call(self, method, **parameters):
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=120))
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            self.complaints.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            # Browsers ask for an icon on their own; that a server has none is no fault of the page.
            if not entry.get("url", "").endswith("/favicon.ico"):
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())
        elif method == "Audits.issueAdded" and parameters["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.complaints.append("against the policy: " + json.dumps(parameters["issue"]["details"]))
        elif method == "Network.responseReceived" and parameters["type"] == "Document":
            self.documents.append(parameters["response"])

    # --- the page ---

    def open(self, url):
        error = self.call("Page.navigate", url=url).get("errorText")
        if error:
            raise AssertionError(f"{url}: {error}")
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'", "the page", 30)

    def remember(self, name, value):
        """Puts something into the session storage of every page that is opened from now on."""
        store = f"sessionStorage.setItem({json.dumps(name)}, {json.dumps(value)})"
        self.call("Page.addScriptToEvaluateOnNewDocument", source=store)

    def evaluate(self, expression):
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression, what, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"{what} did not come in {seconds} s")

    def press(self, selector, key="Enter"):
        """Puts the focus on an element and presses a key, as somebody without a mouse does."""
        text = {"Enter": "\r", " ": " "}[key]
        code = {"Enter": 13, " ": 32}[key]
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        for kind in ["keyDown", "keyUp"]:
            more = {"text": text} if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def set_files(self, selector, paths):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[os.path.abspath(path) for path in paths])

    def drop_files(self, paths):
        data = {"items": [], "files": [os.path.abspath(path) for path in paths], "dragOperationsMask": 1}
        for kind in ["dragEnter", "dragOver", "drop"]:
            self.call("Input.dispatchDragEvent", type=kind, x=100, y=100, data=data)

    def screenshot(self, path, width, height, dark=False, phone=False):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1,
            mobile=phone)
        wide = self.evaluate("document.documentElement.scrollWidth")
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        self.call("Emulation.clearDeviceMetricsOverride")
        if wide > width:
            raise AssertionError(f"{os.path.basename(path)}: the page is {wide} pixels wide in a window of {width}")
