"""What other processes do with keys."""

from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from uuid import UUID

from support import vaulted

import holdfast


def destroy_and_seal(
    url: str,
    key: str | None,
    ring: str,
    owner: UUID,
    rounds: int,
    start: Barrier,
    told: "Queue[list[tuple[int, bool]]]",
) -> None:
    """One of several processes that destroy an owner's keys at once and seal anew as soon as they may."""
    done = []
    with holdfast.open(url, key, keys=ring) as store:
        for _ in range(rounds):
            start.wait(60)
            found = store.system().keys.destroy(owner)
            done.append((found.keys, found.backups_too))
            while True:
                try:
                    vaulted.of(store).put("since", "sealed since")
                    break
                except holdfast.HoldfastError as error:
                    if error.code != "destruction_under_way":
                        raise
    told.put(done)
