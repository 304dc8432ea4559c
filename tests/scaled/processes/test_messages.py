"""Properties of the messages of remote workers."""

import pickle

import numpy as np

from seed.reference.rollouts.events import Finished, Scheduled
from seed.reference.rollouts.messages import Preempt, Start, WorkerFailed, WorkerReport
from seed.scaled.processes.messages import (
    Deliver,
    Disconnected,
    GiveUp,
    Identity,
    ProcessFailed,
    Ready,
    Refused,
    Stop,
    Stopped,
    StoreAddress,
    UpdateWeights,
)
from seed.scaled.processes.world import World
from seed.spec.datatypes import Finish, Problem, Request, Rollout
from seed.spec.errors import Reason

ROLLOUT = Rollout(
    Request(Problem("p", "", 1, "", {}, "", ""), (1, 2), 0, 0), (3,), (-1.0,), (0,), Finish.EOS
)


def test_every_message_survives_pickling() -> None:
    messages = [
        Start([Scheduled(7, 1, 2)], {7: ROLLOUT}),
        Preempt([7]),
        WorkerReport([(Finished(7, 1), [ROLLOUT])], 4),
        WorkerFailed(),
        Deliver(b"\0"),
        GiveUp(),
        Stop(),
        Stopped(),
        ProcessFailed("a reason"),
        Identity(World(rank=1, size=2, worker=1), {"seed": 3}),
        StoreAddress("127.0.0.1", 1234),
        Ready(),
        Refused(Reason.ILLEGAL_VALUE, "a line"),
        Disconnected(),
    ]
    for message in messages:
        assert pickle.loads(pickle.dumps(message)) == message


def test_weights_arrive_bit_for_bit() -> None:
    weight = np.linspace(-1.0, 1.0, 7, dtype=np.float32)
    sent = UpdateWeights(2, 5, "float32", {"embedding": weight})
    received = pickle.loads(pickle.dumps(sent, pickle.HIGHEST_PROTOCOL))
    assert received.weights["embedding"].tobytes() == weight.tobytes()
