"""A pool of workers: judgements come out in the order of the requests, whatever the verifiers do.

A worker that ends, or is killed at its time limit, gives an ``error`` with the reason and is
replaced. If it had judged other responses before, the request is tried once more in a fresh
worker. So no response suffers from its neighbours, and the judgements do not depend on the number
of workers.
"""

import os
import select
from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType

from seed.reference.verifiers.runner.worker import Limits, Reply, Request, Worker, WorkerLost
from seed.reference.verifiers.verdict import Judgement, error

WINDOW = 1024
"""Requests between the oldest without a judgement and the newest handed out.

While one verifier uses up its time limit, the others go on with that many; a judgement is a few
kilobytes at most.
"""

LOOK_SECONDS = 0.1
"""Longest pause between looks at the workers.

It is how late an end is noticed when a forked child holds the pipe open.
"""


class Pool:
    """Workers that start when they are first needed; leaving the ``with`` block kills them all.

    Attributes:
        jobs: Most workers at a time.
        idle, busy: Workers; a busy one has the number of its request.
        busy_seconds: Time from requests to replies, summed over the workers.
    """

    def __init__(self, jobs: int, limits: Limits) -> None:
        self.jobs = jobs
        self.limits = limits
        self.idle: list[Worker] = []
        self.busy: dict[Worker, int] = {}
        self.busy_seconds = 0.0

    def __enter__(self) -> "Pool":
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill every worker, busy or not."""
        self.close()

    def close(self) -> None:
        """Kill every worker, busy or not; the next request starts new ones."""
        for worker in [*self.idle, *self.busy]:
            worker.kill()
        self.idle, self.busy = [], {}

    def judge(self, requests: Iterable[Request | Judgement]) -> Iterator[Judgement]:
        """Judge responses side by side, and yield one judgement per request, in order.

        Requests are taken one by one as workers fall idle, never far ahead. A judgement among them
        comes out in its place.
        """
        source, submitted, returned, more = iter(requests), 0, 0, True
        judgements: dict[int, Reply] = {}
        try:
            while more or returned < submitted:
                while more and self.has_room and submitted - returned < WINDOW:
                    request = next(source, None)
                    more = request is not None
                    if isinstance(request, Judgement):
                        judgements[submitted] = request
                    elif request is not None:
                        self.start(submitted, request, judgements)
                    submitted += request is not None
                while returned in judgements:
                    yield _judgement(judgements.pop(returned))
                    returned += 1
                if self.busy:
                    self.wait()
                    self.take(judgements)
        finally:
            for worker in self.busy:  # not empty if the caller stopped in the middle
                worker.kill()
            self.busy = {}

    @property
    def has_room(self) -> bool:
        """Whether a request would be judged at once."""
        return len(self.busy) < self.jobs

    def start(self, number: int, request: Request, replies: dict[int, Reply]) -> None:
        """Hand a request to a worker; there must be room.

        Args:
            number: Where ``take`` puts the reply.
            request: What to judge.
            replies: Gets an ``error`` at once if the request cannot be written down.
        """
        worker = self.idle.pop() if self.idle else Worker(self.limits)
        failure = worker.submit(request)
        if failure is None:
            self.busy[worker] = number
        else:
            replies[number] = failure
            self.idle.append(worker)

    def wait(self, *others: int) -> None:
        """Sleep until a pipe, or one of the other descriptors, is ready or a deadline is over."""
        poll = select.poll()
        for descriptor in others:
            poll.register(descriptor, select.POLLIN)
        for worker in self.busy:
            poll.register(worker.replies, select.POLLIN)
            if worker.outgoing:
                poll.register(worker.requests, select.POLLOUT)
        if not self.busy:
            poll.poll()
            return
        deadline = min(worker.deadline for worker in self.busy) - monotonic()
        poll.poll(1000 * max(0.0, min(deadline, LOOK_SECONDS)))

    def take(self, replies: dict[int, Reply]) -> None:
        """Put the replies that have come, by the numbers of their requests.

        A worker that is over its time limit or has ended is replaced.
        """
        for worker, number in list(self.busy.items()):
            request = worker.request
            try:
                reply = worker.poll()
            except WorkerLost as loss:
                del self.busy[worker]
                worker.kill()
                if loss.suspect and request is not None:
                    fresh = Worker(self.limits)
                    fresh.submit(request)
                    self.busy[fresh] = number
                else:
                    self.busy_seconds += monotonic() - worker.began
                    replies[number] = error(loss.why)
                continue
            if reply is not None:
                self.busy_seconds += monotonic() - worker.began
                replies[number] = reply
                del self.busy[worker]
                self.idle.append(worker)


def _judgement(reply: Reply) -> Judgement:
    assert isinstance(reply, Judgement)  # requests of ``judge`` have no call
    return reply


def default_jobs() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
