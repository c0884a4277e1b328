"""Drives the server's page in a headless Chromium: a file, then the microphone with a file for what it hears.

    check_page.py [--url URL] [--speech FILE] [--api-key KEY] [--seconds N] CHROMIUM SCREENSHOTS [WORD...]

Without --url, the page comes from mock_server.py, which answers as a server would; that also looks at what a good
server does not do: refuse, break off, take long. Every WORD has to be in both transcripts, in any case of letters.
"""

import argparse
import base64
import glob
import json
import os
import re
import sys
import time
import wave

from devtools import Browser
from mock_server import MockServer

RATE = 16000  # Hz, of what the microphone is given
DECODE = """
(async () => {
  const bytes = Uint8Array.from(atob(%s), c => c.charCodeAt(0));
  const sound = await new OfflineAudioContext(1, 1, %d).decodeAudioData(bytes.buffer);
  const samples = Int16Array.from(sound.getChannelData(0), x => Math.max(-1, Math.min(1, x)) * 32767);
  let text = '';
  for (const byte of new Uint8Array(samples.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
})()
"""
WIDE, PHONE = dict(width=1000, height=760), dict(width=375, height=740, phone=True)


def say(message):
    print(f"check-page: {message}", file=sys.stderr)


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


class Check:
    def __init__(self, options, browser, url):
        self.options, self.browser, self.url = options, browser, url

    def picture(self, name, **layout):
        self.browser.screenshot(os.path.join(self.options.screenshots, name + ".png"), **layout)

    def value(self, expression):
        return self.browser.evaluate(expression)

    def wait_for(self, expression, what, seconds=None):
        """Waits, and fails at once where the page shows an error."""
        shown = "(() => { const e = document.getElementById('error'); return e.hidden ? '' : e.textContent; })()"
        result = self.browser.wait_for(
            f"(() => {{ const error = {shown}; return error ? {{error}} : {{value: {expression}}}.value; }})()", what,
            seconds or self.options.seconds)
        expect(not isinstance(result, dict), f"waiting for {what}: the page says: {result}")
        return result

    def open(self):
        if self.options.api_key:
            self.browser.remember("key", self.options.api_key)
        self.browser.open(self.url)
        self.wait_for("document.querySelectorAll('#model option').length", "the list of models", 30)
        policy = {k.lower(): v for k, v in self.browser.documents[-1]["headers"].items()}.get("content-security-policy")
        expect(policy, "the page comes without a Content-Security-Policy")

    def text(self):
        return self.value("document.getElementById('text').textContent")

    def check_words(self, text, where):
        expect(text.strip(), f"{where}: there is no text")
        for word in self.options.words:
            expect(word.lower() in text.lower(), f"{where}: '{word}' is not in: {text}")
        say(f"{where}: {text}")

    def check_silence(self):
        expect(not self.browser.complaints, "the browser complains:\n  " + "\n  ".join(self.browser.complaints))

    # --- what is looked at ---

    def names(self):
        """Everything that can be used has a name that is read out."""
        roles = {"button", "textbox", "combobox", "checkbox", "log", "region"}
        for node in self.browser.call("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            if role in roles and not node.get("ignored"):
                expect(node.get("name", {}).get("value"), f"a {role} has no name")

    def send_file(self):
        self.browser.set_files("#file", [self.options.speech])
        self.browser.wait_for("!document.getElementById('start').disabled", "the button Transcribe", 10)
        self.browser.press("#start")

    def file(self):
        self.send_file()
        self.wait_for("document.querySelectorAll('#segments li').length", "a segment")
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "the end of the file's transcript")
        segments = self.value(
            "Array.from(document.querySelectorAll('#segments li'), li => Array.from(li.children, c => c.textContent))")
        for times, text in segments:
            expect("–" in times and text, f"a segment lacks its times or text: {times} {text}")
        self.check_words(self.text(), "file")
        self.picture("light", **WIDE)
        self.picture("dark", dark=True, **WIDE)
        self.picture("phone", **PHONE)
        self.downloads()
        self.check_silence()

    def downloads(self):
        folder = os.path.join(self.browser.folder, "downloads")
        self.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
        stem = os.path.splitext(os.path.basename(self.options.speech))[0]
        marks = {"txt": self.options.words[0] if self.options.words else "", "srt": ",", "vtt": "WEBVTT"}
        for kind, mark in marks.items():
            self.browser.press(f"[data-format={kind}]", " ")
            path, deadline = f"{folder}/{stem}.{kind}", time.monotonic() + 20
            while not os.path.exists(path) and time.monotonic() < deadline:
                self.value("1")
                time.sleep(0.1)
            expect(os.path.exists(path), f"{stem}.{kind} was not downloaded, but {os.listdir(folder)}")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            expect(mark.lower() in text.lower() and text.endswith("\n"), f"{kind}: {text}")
            expect((kind == "txt") == (" --> " not in text), f"{kind}: {text}")
        self.browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.browser.press("#copy")
        self.wait_for("document.getElementById('status').textContent === 'Copied.'", "the word that it is copied", 10)

    def microphone(self):
        self.browser.press("#record")
        self.wait_for("document.getElementById('status').textContent === 'Listening'", "the realtime connection", 30)
        # A pause may part the words into several utterances.
        final = "Array.from(document.querySelectorAll('#segments span:not(.open)'), s => s.textContent).join(' ')"
        self.wait_for("document.querySelectorAll('#segments li').length", "the begin of an utterance")
        time.sleep(2)
        self.picture("microphone", **WIDE)
        words = json.dumps([word.lower() for word in self.options.words])
        self.wait_for(
            f"(text => text && {words}.every(word => text.includes(word)))({final}.toLowerCase())",
            f"final text with the words {words}")
        self.check_words(self.value(final), "microphone")
        time.sleep(2)  # so that Stop comes in the middle of the next round
        self.browser.press("#record")
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "the end after Stop")
        expect(self.value("document.getElementById('record').textContent") == "Record", "the microphone is still on")
        expect(self.value("document.querySelectorAll('#segments .open').length") == 0, "an utterance is left open")
        for times in self.value("Array.from(document.querySelectorAll('#segments time'), t => t.textContent)"):
            expect(re.fullmatch(r"[0-9:.]+ – [0-9:.]+", times), f"an utterance's times: {times}")
        self.picture("microphone-phone-dark", dark=True, **PHONE)
        self.check_silence()

    # --- with the stand-in only ---

    def error_shown(self, what, part):
        self.browser.wait_for("!document.getElementById('error').hidden", what, 20)
        shown = self.value("document.getElementById('error').textContent")
        expect(part in shown, f"{what}: the page says: {shown}")

    def with_prompt(self, prompt):
        self.value(f"document.getElementById('prompt').value = {json.dumps(prompt)}")
        self.send_file()

    def faults(self):
        self.with_prompt("refuse")
        self.error_shown("a refusal", "stand-in refuses this. Try again in 7 s.")
        self.with_prompt("break")
        self.error_shown("an error in mid-stream", "stand-in fails halfway")
        expect(self.text(), "what came before the error is gone")
        self.picture("error", **WIDE)
        self.with_prompt("cut")
        self.error_shown("a stream that is cut", "ended before the transcript did")
        self.with_prompt("wait")
        self.wait_for("document.querySelectorAll('#segments li').length", "a segment", 20)
        self.browser.press("#start")
        self.wait_for("document.getElementById('status').textContent === 'Stopped.'", "the stop", 20)
        self.value("document.getElementById('prompt').value = 'plain'")
        self.browser.drop_files([self.options.speech])
        self.browser.press("#start")
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "an answer that is no stream", 20)
        expect(self.text() and self.value("!rows.length"), f"an answer that is no stream: {self.text()}")
        self.value("document.getElementById('prompt').value = ''")
        self.value("(() => { const t = document.getElementById('task'); t.value = 'translations'; t.onchange(); })()")
        expect(self.value("document.getElementById('record').disabled"), "the microphone cannot translate")
        self.send_file()
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "a translation", 20)
        expect("café" in self.text(), f"a translation: {self.text()}")
        # The browser reports what was refused and what was cut, as it should.
        self.browser.complaints = [c for c in self.browser.complaints if "429" not in c and "net::ERR" not in c]
        self.check_silence()

    def insecure(self, url):
        self.browser.open(url)
        expect(self.value("document.getElementById('record').disabled"), "a microphone on an insecure page")
        expect("https" in self.value("document.getElementById('microphone').textContent"), "no word on why")
        self.browser.set_files("#file", [self.options.speech])
        self.send_file()
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "a transcript", 20)
        self.browser.press("#copy")
        self.wait_for("/Copied|selected/.test(document.getElementById('status').textContent)", "copying", 10)
        self.picture("insecure-phone", **PHONE)
        self.check_silence()

    def locked(self, url, key):
        self.browser.open(url)
        self.error_shown("a missing key", "key")
        expect(self.value("document.activeElement.id") == "key", "the key is not asked for")
        self.browser.complaints.clear()
        self.value(f"document.getElementById('key').value = {json.dumps(key)}")
        self.value("document.getElementById('key').onchange()")
        self.browser.wait_for("document.querySelectorAll('#model option').length", "the list of models", 20)
        self.wait_for("true", "a page without an error")
        self.check_silence()
        self.url = url
        self.microphone()


    def whole_turn(self, url):
        """A server that does not detect turns hears all until Stop as one."""
        self.url = url
        self.open()
        self.browser.press("#record")
        self.wait_for("document.getElementById('status').textContent === 'Listening'", "the realtime connection", 20)
        time.sleep(2)
        self.browser.press("#record")
        self.wait_for("document.getElementById('status').textContent === 'Done.'", "the end after Stop", 20)
        self.check_words(self.text(), "one turn")
        self.check_silence()


def write_microphone_file(browser, speech, path):
    """The speech and a pause, which the fake microphone plays again and again."""
    with open(speech, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    samples = base64.b64decode(browser.evaluate(DECODE % (json.dumps(data), RATE)))
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples + bytes(2 * 2 * RATE))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--speech", required=True)
    parser.add_argument("--api-key")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("chromium")
    parser.add_argument("screenshots")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    os.makedirs(options.screenshots, exist_ok=True)
    for path in glob.glob(os.path.join(options.screenshots, "*.png")):
        os.remove(path)

    key = "a-key.1"
    servers = [] if options.url else [MockServer(), MockServer(key=key), MockServer(detects_turns=False)]
    urls = [server.start().url("localhost") for server in servers]
    url = options.url or urls[0]
    try:
        with Browser(options.chromium, ["--host-resolver-rules=MAP insecure.test 127.0.0.1"]) as browser:
            sound = os.path.join(browser.folder, "microphone.wav")
            write_microphone_file(browser, options.speech, sound)
            check = Check(options, browser, url)
            check.open()
            check.names()
            check.file()
            if servers:
                check.faults()
                check.insecure(servers[0].url("insecure.test"))
            arguments = [
                "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={sound}", "--autoplay-policy=no-user-gesture-required",
            ]
            with Browser(options.chromium, arguments) as second:
                check = Check(options, second, url)
                check.open()
                check.microphone()
                if servers:
                    check.locked(urls[1], key)
                    check.whole_turn(urls[2])
    except AssertionError as error:
        say(f"FAILED: {error}")
        return 1
    finally:
        for server in servers:
            server.stop()
    say(f"passed; the pictures are in {options.screenshots}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
