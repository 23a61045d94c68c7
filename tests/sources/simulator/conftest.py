import pytest

from broker.sources.simulator import SimulatedHouse


@pytest.fixture(scope="session")
def house() -> SimulatedHouse:
    return SimulatedHouse(seed=12)
