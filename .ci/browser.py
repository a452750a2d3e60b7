"""Opens reports in a real Chromium, as readers do: no error on the console, nothing cut off from 390 to 1920 pixels, no violation
of axe's rules; tables sort, curves hide and zoom, sliders slide; a page without script is whole, and nothing in a name is obeyed.

    browser.py REPORT.html ... [--pictures DIR]

Needs a Chromium, and `pip install playwright axe-playwright-python`, which brings axe's rules along.
"""

import argparse
import pathlib
import shutil
import sys

import axe_playwright_python
from playwright.sync_api import sync_playwright

WIDTHS = (390, 800, 1400, 1920)
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


# Scripts other than the page's own, handlers in the text, addresses that run, and pictures from elsewhere.
OBEYED = """() => document.scripts.length - 1 + document.querySelectorAll('style').length - 1
  + [...document.querySelectorAll('*')].filter((node) => [...node.attributes].some(({name}) => name.startsWith('on') || name === 'autofocus')).length
  + document.querySelectorAll("a:not([href^='#']), img:not([src^='data:'])").length"""
# What stands further right than what holds it, where neither a scroll bar nor a line break reaches it.
CUT = """() => [...document.querySelectorAll('table, .chart, .strips figure, .gallery figure, .pair figure, h1, h2, li, p, dd, dt, summary')]
  .filter((node) => {
    const box = node.getBoundingClientRect();
    if (!box.width) return false;
    for (let outer = node.parentElement; outer; outer = outer.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(outer).overflowX)) return false;
    }
    return box.right > document.documentElement.clientWidth + 1 || node.scrollWidth > node.clientWidth + 1 && !['auto', 'clip'].includes(getComputedStyle(node).overflowX);
  }).slice(0, 3).map((node) => node.outerHTML.slice(0, 120))"""

# Rows squeezed to a few letters a line, but for those that hold a word longer than any line.
SQUEEZED = """() => [...document.querySelectorAll('tr')]
  .filter((row) => row.getBoundingClientRect().height > 320 && !/\\S{40}/.test(row.innerText)).slice(0, 3).map((row) => row.outerHTML.slice(0, 120))"""


def wait(page):
    page.evaluate("() => Promise.all([...document.images].map((image) => image.decode().catch(() => {})))")


def look(browser, report, axe, pictures):
    faults = []

    def check(holds, what):
        if not holds:
            faults.append(f"{report.parent.name}/{report.name}: {what}")

    def opened(**options):
        page = browser.new_page(**options)
        page.on("console", lambda message: message.type in ("error", "warning") and faults.append(f"{report}: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"{report}: {error}"))
        page.on("request", lambda request: check(request.url.startswith(("file:", "data:")), f"asks for {request.url}"))
        page.goto(report.resolve().as_uri())
        wait(page)
        return page

    for width in WIDTHS:
        for scheme in ("light", "dark"):
            page = opened(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
            across = page.evaluate("document.documentElement.scrollWidth")
            check(across <= width, f"{across} pixels wide on a screen of {width}")
            for what in page.evaluate(CUT):
                check(False, f"cut off on a screen of {width}: {what}")
            for what in page.evaluate(SQUEEZED) if width >= 1400 else []:
                check(False, f"squeezed on a screen of {width}: {what}")
            page.evaluate(axe)
            for fault in page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]:
                nodes = [node["html"][:120] for node in fault["nodes"][:3]]
                check(False, f"axe at {width}, {scheme}: {fault['id']}: {fault['help']}: {nodes}")
            if pictures:
                page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = false; })")
                page.screenshot(path=pictures / f"{report.parent.name}-{width}-{scheme}.png")
            page.close()

    page = opened(viewport={"width": 1400, "height": 900})
    for picture in page.query_selector_all(".chart svg[role=img]"):
        box = picture.bounding_box()
        check(box and box["width"] > 200 and box["height"] > 100, "a chart has no size")
    curve = page.query_selector(".chart svg[data-x]")
    if curve:
        curve.scroll_into_view_if_needed()
        paths = "[...document.querySelector('.chart svg[data-x]').querySelectorAll('path.line')].map((path) => path.getAttribute('d')).join()"
        before, box = page.evaluate(paths), curve.bounding_box()
        page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
        told = page.evaluate("document.querySelector('.chart svg[data-x]').closest('figure').querySelector('.told').textContent")
        check(told.startswith("at "), f"no value under the pointer: {told!r}")
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"])
        page.mouse.up()
        check(page.evaluate(paths) != before, "a curve does not zoom")
        page.click(".chart:has(svg[data-x]) .reset")
        check(page.evaluate(paths)[:400] == before[:400], "a curve does not go back to the whole")
    key = page.query_selector(".chart:has(svg[data-x]) .key[role=button]")
    if key:
        key.click()
        hidden = page.evaluate("document.querySelectorAll('.chart svg[data-x] path.line[style*=none]').length")
        check(hidden > 0, "a click on a name does not hide its curve")
    sliders = page.query_selector_all("img[data-steps] + .tools input")
    for slider in sliders:
        state = "(slider) => [slider.closest('figure').querySelector('canvas.step').toDataURL(), slider.parentElement.querySelector('.told').textContent]"
        before = slider.evaluate(state)
        slider.focus()
        page.keyboard.press("Home")
        after = slider.evaluate(state)
        check(all(old != new for old, new in zip(before, after)), f"a slider over steps does not slide: {after[1]!r}")
    films = len(page.query_selector_all("img[data-moments]"))
    button = page.query_selector(".chart th:last-child .sort, .runs th:nth-child(2) .sort")
    if button:
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        button.click()
        check(button.evaluate("(button) => button.parentElement.getAttribute('aria-sort')") == "ascending", "a table does not sort")
    what = [name for name, there in (("curve", curve), ("key", key), (f"{len(sliders)} sliders, {films} over training", sliders), ("table", button)) if there]
    check(page.evaluate(OBEYED) == 0, "something in a name has become a part of the page")
    check("obeyed" not in page.title() or "= 'obeyed'" in page.title(), "something in a name was obeyed")
    policy = page.evaluate("document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content ?? ''")
    check(policy.startswith("default-src 'none'; ") and "script-src 'sha256-" in policy, f"the page says to browsers: {policy!r}")
    page.close()

    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.resolve().as_uri())
    check(page.locator("button, input, canvas").count() == 0, "dead buttons without script")
    check(page.locator("h1").count() == 1, "no page without script")
    context.close()
    check(report.stat().st_size < 5e6, f"{report.stat().st_size} bytes")
    print(f"{report}: {'; '.join(what)} tried, {len(faults)} faults")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("reports", nargs="+", type=pathlib.Path)
    arguments.add_argument("--pictures", type=pathlib.Path)
    given = arguments.parse_args()
    if not CHROMIUM:
        sys.exit("error: there is no Chromium here")
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    axe = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        faults = [fault for report in given.reports for fault in look(browser, report, axe, given.pictures)]
        browser.close()
    print("\n".join(dict.fromkeys(faults)))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
