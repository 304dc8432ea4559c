"""The section about ranks, processes and memory of the torch backend."""

from typing import Literal

from pydantic import Field

from seed.spec.config_types import Count, PositiveFloat, PositiveInt, Section, Switch


class ParallelConfig(Section):
    """How the torch backend spreads a model over ranks; it changes no result but for round-off.

    Exceptions are remote rollout workers, which deliver when they can, and the number of slots with
    streaming rollouts, which decides what is finished first.

    ``fsdp * cp * tp`` ranks; expert parallelism folds over the same ranks, so ``ep`` divides their
    number.
    """

    fsdp: Count = Field(
        0,
        description="data-parallel ranks that share the weights, 0 = all that tp and cp leave over",
    )
    cp: PositiveInt = Field(
        1, description="context parallelism: ranks that share the positions of a sequence"
    )
    tp: PositiveInt = Field(
        1, description="tensor parallelism: ranks that share the heads, divides key_value_heads"
    )
    ep: PositiveInt = Field(
        1, description="expert parallelism: ranks that share the experts, divides their number"
    )
    balance: Literal["none", "tokens", "flops"] = Field(
        "tokens",
        description="cost by which a mini-batch is spread evenly over micro-batches and data ranks",
    )
    share_prompts: Switch = Field(
        True,
        description=(
            "compute a prompt once for all its responses in a micro-batch, if it is as long as they"
            " are on average; and what all its prompts begin with, if that is as long as the rest"
        ),
    )
    micro_batch_tokens: Count = Field(
        0, description="most tokens of a micro-batch of a data rank, 0 = no cap"
    )
    recompute: Switch = Field(
        False,
        description="keep only the input of each block and compute it again in the backward pass",
    )
    activation_offload: Switch = Field(
        False, description="keep saved activations off the device until the backward pass"
    )
    optimizer_offload: Switch = Field(
        False, description="keep the moments of AdamW off the device between steps"
    )
    rollout_workers: Count = Field(
        0,
        description=(
            "standalone streaming workers, processes or groups of ranks that decode while others"
            " train"
        ),
    )
    worker_tp: PositiveInt = Field(1, description="tensor parallelism within a worker")
    worker_cp: PositiveInt = Field(
        1, description="context parallelism within a worker; it has worker_cp * worker_tp ranks"
    )
    worker_ep: PositiveInt = Field(
        1, description="expert parallelism within a worker, divides its ranks"
    )
    worker_slots: Count = Field(
        0, description="responses that a worker decodes side by side, 0 = as many as the trainer"
    )
    worker_timeout: PositiveFloat = Field(
        120.0,
        description=(
            "seconds of silence after which a worker is given up and its samples are issued again"
        ),
    )
    rollout_slots: Count = Field(
        0, description="responses decoded side by side over all data ranks, 0 = all at once"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto = a GPU per rank if there is one, else the CPU"
    )
    collective_timeout: PositiveFloat = Field(
        600.0, description="seconds that a rank waits for the others before all stop"
    )

    @property
    def worker_ranks(self) -> int:
        """Ranks of a standalone worker."""
        return self.worker_cp * self.worker_tp

    @property
    def remote_worker_ranks(self) -> int:
        """Ranks of all standalone workers, the last of a job."""
        return self.rollout_workers * self.worker_ranks
