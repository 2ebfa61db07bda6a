"""What all tests share: the option that rewrites what golden tests expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable


# A busy machine is no reason to fail: what takes long is measured in tests/benchmarks.
settings.register_profile("fleetgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fleetgate")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-golden` writes what is, where a golden test would compare it with what is expected."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite what golden tests expect (tests/cases, tests/bad), and delete what they no longer do",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long runs tell `make soak` what they hold and how many examples they look at."""
    for item in items:
        if item.get_closest_marker("slow") and isinstance(item, pytest.Function):
            name = item.originalname.removeprefix("test_").replace("_", " ")
            item.user_properties.append(("law", (item.function.__doc__ or name).strip().splitlines()[0]))
            settings = getattr(item.function, "_hypothesis_internal_use_settings", None)
            if settings is not None:
                item.user_properties.append(("cases", settings.max_examples))


@pytest.fixture
def updates_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run rewrites what golden tests expect."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def silent() -> Callable[[str, int, int], None]:
    """A listener to progress that does nothing."""
    return lambda _stage, _done, _total: None
