"""What all tests share: the option that rewrites what golden tests expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-golden` writes what is, where a golden test would compare it with what is expected."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite what golden tests expect (tests/cases, tests/bad), and delete what they no longer do",
    )


@pytest.fixture
def updates_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run rewrites what golden tests expect."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def silent() -> Callable[[str, int, int], None]:
    """A listener to progress that does nothing."""
    return lambda _stage, _done, _total: None
