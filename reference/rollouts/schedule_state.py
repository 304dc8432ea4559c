"""State of the streaming scheduler: plain values that a checkpoint stores."""

from dataclasses import dataclass, field


@dataclass
class Sample:
    """One sample in flight.

    Attributes:
        number: Order of submission.
        atomic_group: Samples of the same atomic group are consumed together.
        prompt: Tokens of the prompt.
        tokens: Tokens drawn, as far as reported.
        oldest, newest: Policy versions of the first and of the last token; -1 without tokens.
        worker: Worker that runs it, -1 if none does.
        policy_version: Policy version that draws its next token.
        preempt_requested: Whether its worker was told to give it back.
        finished: Whether it has ended.
        kept: ``(tokens, oldest, newest)`` at scheduling, restored if its worker is lost.
    """

    number: int
    atomic_group: int
    prompt: int
    tokens: int = 0
    oldest: int = -1
    newest: int = -1
    worker: int = -1
    policy_version: int = -1
    preempt_requested: bool = False
    finished: bool = False
    kept: tuple[int, int, int] = (0, -1, -1)

    @property
    def positions(self) -> int:
        """Positions that it takes in the cache so far."""
        return self.prompt + self.tokens

    def grow_to(self, tokens: int) -> None:
        """Set the number of tokens; new ones are drawn from ``policy_version``."""
        if tokens > self.tokens:
            self.tokens, self.newest = tokens, self.policy_version
            self.oldest = self.policy_version if self.oldest < 0 else self.oldest


@dataclass
class ScheduleState:
    """Everything that decisions depend on.

    Attributes:
        newest: The newest policy version, -1 before the first.
        wanted: Samples that the trainer waits for, 0 if it does not wait.
        samples: Samples in flight by number, in order of submission.
        lost_workers: Workers that failed.
        submitted, consumed, dropped: Samples so far.
    """

    newest: int = -1
    wanted: int = 0
    samples: dict[int, Sample] = field(default_factory=dict)
    lost_workers: list[int] = field(default_factory=list)
    submitted: int = 0
    consumed: int = 0
    dropped: int = 0

    def running(self, worker: int) -> list[Sample]:
        """Samples in the slots of a worker."""
        return [sample for sample in self.samples.values() if sample.worker == worker]

    def age(self, sample: Sample) -> int:
        """Policy versions since the sample's oldest token."""
        return self.newest - sample.oldest if sample.oldest >= 0 else 0

    def is_old(self, sample: Sample) -> bool:
        """Whether some of its tokens come from older weights than the newest."""
        return 0 <= sample.oldest < self.newest

    def rank(self, sample: Sample) -> tuple[int, int, int]:
        """Priority, smallest first: oldest token, then most tokens, then order of submission."""
        return (-self.age(sample), -sample.tokens if self.is_old(sample) else 0, sample.number)
