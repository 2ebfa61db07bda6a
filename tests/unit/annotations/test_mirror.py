"""Mirror: copies of requests."""

from __future__ import annotations

import pytest

from compiler.annotations.family import ServiceRef
from compiler.annotations.mirror import MirrorTo
from tests.unit.annotations.reading import bad, bad_value, good, read


@pytest.mark.parametrize(
    ("annotations", "mirror"),
    [
        ({"mirror-target-service": "cart"}, MirrorTo(ServiceRef("shop", "cart"), 100)),
        ({"mirror-target-service": "lab/cart:8080"}, MirrorTo(ServiceRef("lab", "cart", 8080), 100)),
        ({"mirror-target-service": "cart", "mirror-percentage": "0"}, MirrorTo(ServiceRef("shop", "cart"), 0)),
    ],
)
def test_copies_go_to_a_service(annotations: dict[str, str], mirror: MirrorTo) -> None:
    """`[namespace/]name[:port]`, all requests unless told otherwise."""
    assert good(annotations).mirror == mirror


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({"mirror-target-service": "cart:http"}, "mirror-target-service", "'http' is no port number from 1 to 65535"),
        ({"mirror-target-service": "cart:"}, "mirror-target-service", "'' is no port number from 1 to 65535"),
        ({"mirror-target-service": "cart", "mirror-percentage": "101"}, "mirror-percentage", "it is above 100"),
        (
            {"mirror-target-service": "cart", "mirror-percentage": "10%"},
            "mirror-percentage",
            "it carries a percent sign",
        ),
    ],
)
def test_what_mse_would_read_otherwise_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """A bad port is the first port to MSE, a bad share all requests."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].mirror is None


def test_a_share_needs_a_target() -> None:
    """Alone it means nothing."""
    why = "it means nothing without mirror-target-service"
    assert bad({"mirror-percentage": "10"}) == [("annotation-requires", "mirror-percentage", why)]
