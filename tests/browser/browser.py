"""A real Chromium, without a window: what it makes of a page."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")


def real_chromium() -> str:
    """A Chromium of this machine. No package of ours brings one, so without it the test is skipped, in CI too."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"no browser on PATH ({', '.join(_NAMES)})")
    return found


def faults(page: str, scheme: Literal["light", "dark"], widths: Sequence[int], folder: Path) -> list[str]:
    """What is wrong with a page in windows of some widths (CSS pixels), as `400: what`; see audit.js.

    Each window is a frame: the page's own policy holds in it, and the audit runs outside.
    """
    coded = base64.b64encode(page.encode()).decode()
    outer = f"""<!doctype html><meta charset="utf-8"><body><script>{_AUDIT}
      const page = new TextDecoder().decode(Uint8Array.from(atob("{coded}"), (c) => c.charCodeAt(0)));
      (async () => {{
        const found = [];
        for (const width of {json.dumps(list(widths))}) {{
          const frame = document.createElement("iframe");
          Object.assign(frame.style, {{ width: width + "px", height: "900px", border: 0, colorScheme: "light dark" }});
          await new Promise((loaded) => {{ frame.onload = loaded; frame.srcdoc = page; document.body.append(frame); }});
          const dark = frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
          if (dark !== {json.dumps(scheme == "dark")}) found.push("the wrong colours");
          found.push(...audit(frame.contentWindow).map((line) => `${{width}}: ${{line}}`));
          frame.remove();
        }}
        const pre = document.createElement("pre");
        pre.id = "found";
        pre.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
        document.body.append(pre);
      }})();
    </script>"""
    file = folder / f"{scheme}.html"
    file.write_text(outer, "utf-8")
    command = (
        real_chromium(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={'0' if scheme == 'dark' else '1'}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        file.as_uri(),
    )
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    told = re.search(r'<pre id="found">([^<]*)</pre>', done.stdout)
    assert told is not None, done.stderr[-2000:]
    lines: list[str] = json.loads(base64.b64decode(told[1]))
    return lines
