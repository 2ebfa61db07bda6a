"""index.json: what it says, and that it says the same for the same tree."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from compiler import __version__
from compiler.output.index import (
    digest,
    digest_inputs,
    digest_listing,
    folder_entry,
    make_index,
    read_generator,
    read_index,
    render_index,
)
from tests.output_builds import build

if TYPE_CHECKING:
    from pathlib import Path

CART, SEARCH = digest(b"cart"), digest(b"search")
FOLDERS = {"clusters/hz-a/shop": {"search.yaml": SEARCH, "cart.yaml": CART}, "argocd": {"root.yaml": CART}}


def test_the_text_is_small_json_with_one_line_a_folder() -> None:
    entries = {folder: folder_entry(digests) for folder, digests in FOLDERS.items()}
    index = make_index(entries, "abc", fleet="acme")
    assert render_index(index).decode() == (
        f"""{{
  "generator": "fleetgate",
  "version": "{__version__}",
  "fleet": "acme",
  "inputDigest": "abc",
  "outputDigest": "{index.output_digest}",
  "folders": {{
    "argocd": {{"digest": "{entries["argocd"].digest}", "files": ["root.yaml"]}},
    "clusters/hz-a/shop": {{"digest": "{entries["clusters/hz-a/shop"].digest}", "files": ["cart.yaml", "search.yaml"]}}
  }}
}}
"""
    )


@pytest.mark.parametrize("only", ["", "clusters/hz-a"])
@pytest.mark.parametrize("folders", [FOLDERS, {}])
def test_an_index_reads_back_as_it_was_written(folders: dict[str, dict[str, bytes]], only: str) -> None:
    index = make_index({f: folder_entry(d) for f, d in folders.items()}, "abc", only, {"clusters/hz-b": "def"})
    text = render_index(index)
    assert read_index(text) == index
    assert json.loads(text)["generator"] == "fleetgate"


def test_an_index_of_an_older_version_names_no_fleet() -> None:
    index = make_index({}, "abc")
    assert b'fleet":' not in render_index(index)
    assert read_index(render_index(index)) == index


def test_parts_built_alone_are_told_and_leave_no_digest_for_the_whole() -> None:
    index = make_index({}, "new", "clusters/hz-a", {"clusters/hz-a": "old", "clusters/hz-b": "older"})
    assert index.input_digest is None
    assert index.partial == {"clusters/hz-a": "new", "clusters/hz-b": "older"}
    assert make_index({}, "new", "", index.partial).partial == {}


def test_order_does_not_matter_and_content_and_names_do() -> None:
    turned = dict(reversed(FOLDERS["clusters/hz-a/shop"].items()))
    assert folder_entry(turned) == folder_entry(FOLDERS["clusters/hz-a/shop"])
    listings = [{"a": CART}, {"b": CART}, {"a": SEARCH}, {"a": CART, "b": CART}, {}]
    assert len({digest_listing(listing) for listing in listings}) == len(listings)
    inputs = [({"a": CART}, b""), ({"a": CART}, b"x"), ({"a": SEARCH}, b""), ({"b": CART}, b""), ({}, b"")]
    assert len({digest_inputs(files, options) for files, options in inputs}) == len(inputs)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are not everywhere")
def test_the_digests_can_be_checked_with_sha256sum(tmp_path: Path) -> None:
    build(tmp_path / "out", {"a/x.yaml": "x\n", "a/y-2.yaml": "y\n", "a/y.yaml": "y\n", "b/c/z.yaml": "z\n"})
    index = read_index((tmp_path / "out/index.json").read_bytes())
    assert index is not None
    for folder, entry in index.folders.items():
        command = f"cd {tmp_path}/out/{folder} && LC_ALL=C sha256sum -- * | sha256sum"
        assert subprocess.check_output(["sh", "-c", command], text=True).split()[0] == entry.digest
    lines = "".join(f"{entry.digest}  {folder}\n" for folder, entry in index.folders.items())
    assert subprocess.check_output(["sha256sum"], input=lines, text=True).split()[0] == index.output_digest


@pytest.mark.parametrize(
    ("text", "generator"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"{}", None),
        (b'{"generator": "other"}', "other"),
        (b'{"generator": "fleetgate"}', "fleetgate"),
        (b'{"generator": "fleetgate", "inputDigest": "", "outputDigest": "", "folders": {"a": ["x"]}}', "fleetgate"),
        (
            b"""{"generator": "fleetgate", "inputDigest": "", "outputDigest": "",
                 "folders": {"a": {"digest": "no hex", "files": []}}}""",
            "fleetgate",
        ),
        (b'{"generator": "other", "inputDigest": "", "outputDigest": "", "folders": {}}', "other"),
    ],
)
def test_what_is_not_our_index_is_none_and_still_says_who_wrote_it(text: bytes, generator: str | None) -> None:
    assert read_index(text) is None
    author = read_generator(text)
    assert (author.generator if author else None) == generator


def test_names_with_quotes_in_an_index_that_someone_made_up_read_back() -> None:
    entry = folder_entry({'a","b': CART, "\\": SEARCH})
    index = make_index({'x": {': entry}, "abc")
    assert read_index(render_index(index)) == index
