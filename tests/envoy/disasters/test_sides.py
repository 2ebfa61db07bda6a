"""What stands beside the base dies: a canary, the cluster of a pin, the target of a mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.disasters.stage import GET, Stage, by_cluster, is_share, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.small_fleet import HOST, MSE, app, canary, ingress, path, pin, rule, weights

if TYPE_CHECKING:
    from pathlib import Path

COPIED, PINNED = (Ask(host=HOST, path=f"/{name}") for name in ("copied", "pinned"))


def test_what_dies_beside_a_base_harms_nobody(tmp_path: Path, loopback: str) -> None:
    """Canary (20 %) and mirror target (all) without a pod that lives, then the pinned cluster dead: 0 failed GET, and
    the base keeps its shares.
    """
    mirror = {MSE + "mirror-target-service": "copy", MSE + "mirror-percentage": "100"}
    documents = [
        *of_cart(weights(a=50, b=50), {"a": 2, "b": 2}),
        *(app(name, "a", "b") for name in ("next", "copy", "fixed")),
        canary("next", rule(path("next")), weight="20"),
        ingress("copied", rule(path("cart", "/copied")), annotations=mirror),
        ingress("pinned", rule(path("fixed", "/pinned")), annotations=pin("a")),
    ]
    pods = pods_of(loopback, a=2, b=2)
    for cluster in "ab":
        pods.add("fixed", cluster, 2)
    beside = [end for name in ("next", "copy") for cluster in "ab" for end in pods.add(name, cluster, 2)]
    asks = (GET, COPIED, PINNED)
    with Stage(documents, pods, tmp_path) as stage:
        seen = stage.strike(lambda: stage.backends.behave(Behaviour(state="down"), beside), None, *asks)
        stage.backends.behave(Behaviour(), beside)
        again = stage.strike(lambda: stage.kill("a"), lambda: stage.start("a"), *asks)
    for each in (seen, again):
        assert [s.error or s.status for s in each.failed] == []
        assert each.above_control_ms <= 100

    def of(path: str, samples: list) -> list:  # type: ignore[type-arg]  # samples in, samples out
        return [s for s in samples if asks[s.number % len(asks)].path == path]

    services = {s.answered_by.split(" ")[1] for s in of("/cart", seen.control)}
    assert services == {"shop/cart", "shop/next"}
    assert {s.answered_by.split(" ")[1] for s in of("/cart", seen.during())} == {"shop/cart"}
    # together: requests that come strictly in turn go to clusters strictly in turn
    base = of("/cart", seen.during()) + of("/copied", seen.during())
    assert is_share({"a": 0.5, "b": 0.5}, base), by_cluster(base)
    assert set(by_cluster(of("/pinned", seen.during()))) == {"a"}
    assert set(by_cluster(again.during())) == {"b"}
