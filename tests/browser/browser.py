"""Headless Chromium for the tests of the page, over WebDriver and its devtools protocol.

Nothing is downloaded: browser and driver are those of the machine. Every wait is for a condition.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import (
    JavascriptException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver.remote.webelement import WebElement

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VISITS = count(1)
WAIT_SECONDS = 45
POLL_SECONDS = 0.05
LAPTOP, PHONE = (1366, 768), (390, 844)
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the user may be root in a container
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
CONTROLS = "button, a, input, select, textarea, summary"
NAMED = """
  const own = (label) => [...label.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join(' ')
    || label.textContent;
  const named = (e) => (e.getAttribute('aria-label') || [...(e.labels || [])].map(own).join(' ')
    || e.textContent || e.title || '').replace(/\\s+/g, ' ').trim();
  return [...document.querySelectorAll(arguments[1])].find(
    e => named(e) === arguments[0] && e.checkVisibility()) || null;"""
CHOOSE = """
  const [list, value] = arguments;
  list.value = value;
  list.dispatchEvent(new Event('change', {bubbles: true}));"""
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


def missing(folder: Path) -> str:
    """Say what this machine lacks to run a browser; empty when one starts with a profile in `folder`."""
    if not any(map(shutil.which, BROWSERS)):
        return f"no browser on this machine: none of {', '.join(BROWSERS)} is in PATH"
    if not shutil.which("chromedriver"):
        return "no chromedriver in PATH"
    try:
        with chromium(folder):
            return ""
    except WebDriverException as error:
        return f"the browser of this machine does not start: {error.msg}"


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser with an empty profile for the length of a block."""
    options = ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size={},{}".format(*LAPTOP)):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "SEVERE"})
    options.set_capability("unhandledPromptBehavior", "ignore")
    driver = Chrome(options=options, service=ChromeService(executable_path=shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(WAIT_SECONDS)
        driver.set_script_timeout(WAIT_SECONDS)
        yield driver
    finally:
        driver.quit()


@dataclass
class Page:
    """One tab that looks at the page of one bridge; `base` is where its API listens."""

    driver: Chrome
    base: str
    said: list[str] = field(default_factory=list)
    """Errors of the console so far."""

    # going places

    def open(self, address: str = "") -> None:
        """Load an address below the page's own, and wait until its view shows something."""
        self.load(address)
        self.ready()

    def load(self, address: str) -> None:
        """Load an address anew: the number tells it from the last one, which differs only after `#`.

        A blank page between the two would do that too, for three times the work: a new process each time.
        """
        self.driver.get(f"{self.base}/?visit={next(VISITS)}{address}")

    def open_any(self, address: str) -> None:
        """Load an address that may be none of a view, and wait until something is said about it."""
        self.load(address)
        self.wait(
            lambda: self.css("body[data-ready='true'], main .empty, main .failure"), "the page says something"
        )

    def follow(self, address: str) -> None:
        """Go to another address as a link would, without loading the page again."""
        self.run(
            "document.body.dataset.ready = 'false'; location.hash = arguments[0]", address.removeprefix("#")
        )

    def ready(self, view: str = "") -> None:
        """Wait until the view of the current address has shown its first answer."""
        wanted = f"[data-view='{view}']" if view else ""
        self.wait(lambda: self.css(f"body[data-ready='true']{wanted}"), f"the view {view} is ready")

    def settled(self) -> None:
        """Wait until nothing on the page is on its way."""
        self.wait(lambda: not self.css("[aria-busy='true'], .waiting"), "nothing is on its way")
        self.drawn()

    @property
    def hash(self) -> str:
        """What the address says after `#`."""
        return self.run("return decodeURIComponent(location.hash.slice(1))")

    # asking

    def wait(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Return the first answer of `condition` that is true; fail after `WAIT_SECONDS`."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                if answer := condition():
                    return answer
            except (StaleElementReferenceException, JavascriptException):
                pass  # it was drawn anew while we looked
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain: {what or condition} at {self.driver.current_url}")
            time.sleep(POLL_SECONDS)

    def css(self, selector: str) -> list[WebElement]:
        """Return the elements that match now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Wait for the first element that matches and can be seen."""
        return self.wait(
            lambda: next((e for e in self.css(selector) if e.is_displayed()), None), f"see {selector}"
        )

    def texts(self, selector: str) -> list[str]:
        """Return what the matching elements say, in their order, hidden ones too."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())"
        return self.run(script, selector)

    def ids(self, selector: str = "[data-id]") -> list[str]:
        """Return the ids of the rows in their order."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.dataset.id)", selector
        )

    def named(self, name: str, role: str = CONTROLS) -> WebElement:
        """Wait for a control that can be seen by its accessible name."""
        return self.wait(lambda: self.run(NAMED, name, role), f"a control named {name!r}")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page."""
        return self.driver.execute_script(script, *arguments)

    # doing

    def click(self, target: str | WebElement) -> None:
        """Click an element, by selector or itself, once it can be clicked."""
        element = self.one(target) if isinstance(target, str) else target
        self.run("arguments[0].scrollIntoView({block: 'nearest'})", element)
        element.click()

    def type(self, target: str | WebElement, text: str, *, enter: bool = False) -> None:
        """Replace the text of a field."""
        element = self.one(target) if isinstance(target, str) else target
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text or Keys.DELETE)
        if enter:
            element.send_keys(Keys.ENTER)

    def choose(self, name: str, value: str) -> None:
        """Choose an option of a list by its value."""
        self.run(CHOOSE, self.named(name, "select"), value)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    # what surrounds the page

    def cdp(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Say one command of the devtools protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def resize(self, size: tuple[int, int], *, mobile: bool = False) -> None:
        """Give the screen a size in CSS pixels."""
        width, height = size
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=mobile,
        )  # fmt: skip
        self.drawn()

    def prefer(self, **features: str) -> None:
        """Set media features, `prefers_color_scheme="dark"`, and wait until the page is drawn with them."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", features=named)
        for one in named:
            holds = "return matchMedia(`(${arguments[0]}: ${arguments[1]})`).matches"
            self.wait(lambda one=one, holds=holds: self.run(holds, one["name"], one["value"]), str(one))
        self.drawn()

    def drawn(self) -> None:
        """Wait until what is known now is on the screen: two frames."""
        self.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def begin(self) -> None:
        """Forget sizes, media features, what the page stored, and what was said and asked before."""
        self.resize(LAPTOP)
        self.cdp("Emulation.setEmulatedMedia", features=[])
        self.cdp("Storage.clearDataForOrigin", origin=self.base, storageTypes="all")
        self.errors()
        self.said.clear()

    # what went wrong

    def errors(self) -> list[str]:
        """Return what the console called an error since the page was opened, violations of the CSP too."""
        self.said += [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        return self.said

    def requests(self) -> list[str]:
        """Return every address that the page has asked for since it was loaded."""
        return self.run("return performance.getEntriesByType('resource').map((one) => one.name)")

    def overflow(self) -> int:
        """Return by how many pixels the document is wider than the screen."""
        return self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def violations(self, *rules: str) -> list[str]:
        """Return what axe-core finds serious or critical in what is shown, by all or by some rules."""
        if not self.run("return 'axe' in window"):
            self.run(AXE.read_text(encoding="utf-8"))
        script = """
          const [rules, done] = arguments;
          const only = rules.length ? {runOnly: rules} : {};
          axe.run(document, {resultTypes: ['violations'], ...only}).then(
            r => done(r.violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(
              v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`))),
            e => done([String(e)]));"""
        return self.driver.execute_async_script(script, rules)
