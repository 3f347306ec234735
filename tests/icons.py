"""Draw the site's icons for home screens from static/icon.svg: `make icons`, after a change of that file."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import chromium

STATIC = Path(__file__).resolve().parent.parent / "static"
# The width in pixels by name. The corners are filled, because phones cut the icon in their own shape.
SIZES = {"apple-touch-icon": 180, "icon-192": 192, "icon-512": 512}
BACKGROUND = "#0f5f63"


def draw(browser: Browser, name: str, size: int) -> None:
    page = browser.new_page(viewport={"width": size, "height": size})
    drawing = (STATIC / "icon.svg").read_text().replace("<svg ", f'<svg width="{size}" height="{size}" ', 1)
    page.set_content(f'<body style="margin:0; background:{BACKGROUND}">{drawing.replace(" rx=", " data-rx=")}</body>')
    page.screenshot(path=STATIC / f"{name}.png")
    page.close()


if __name__ == "__main__":
    with chromium() as browser:
        for name, size in SIZES.items():
            draw(browser, name, size)
