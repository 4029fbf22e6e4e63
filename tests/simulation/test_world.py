"""Seeds of the simulated world: nobody is charged twice whatever happens, and all is done once the faults stop."""

import pytest

from tests.simulation.world import World

STEPS = 250


@pytest.mark.parametrize("seed", range(40))
def test_nobody_is_charged_twice_and_everything_is_done_in_the_end(seed: int) -> None:
    world = World(seed)

    for _ in range(STEPS):
        world.step()
    world.calm_down()

    world.judge()


def test_equal_seeds_are_equal_histories() -> None:
    def history(seed: int) -> tuple[list[str], list[str]]:
        world = World(seed)
        for _ in range(STEPS):
            world.step()
        return world.trace, [f"{charge.id} {charge.status}" for charge in world.bank.charges()]

    assert history(7) == history(7)
