"""What pages for people share: one look for light and dark, narrow and wide, and templates that escape every name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(package: str) -> Environment:
    """Templates of `package`, which may include `look.css.j2`. Names come from a repo of several teams: all escaped."""
    import jinja2  # noqa: PLC0415 - 70 ms, only for pages

    loader = jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader("compiler.pages")])
    return jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
