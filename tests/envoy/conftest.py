"""What all tests with a real Envoy share."""

from __future__ import annotations

import os
import random

import pytest

from tests.real_tools import real_envoy


@pytest.fixture(autouse=True, scope="session")
def envoy_is_there() -> None:
    """Tests in this folder need an Envoy."""
    real_envoy()


@pytest.fixture
def loopback() -> str:
    """The beginning of a loopback network of 256 addresses for this test alone: `127.x.y` of 127.x.y.0/24.

    Tests run side by side, and stubs listen on the ports that Services have; so every test takes addresses of its own.
    """
    chosen = random.SystemRandom()
    return f"127.{chosen.randrange(16, 240)}.{(os.getpid() + chosen.randrange(256)) % 256}"
