"""The exercises in the order in which to do them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seed.conformance.exercises import (
    of_advantages,
    of_losses,
    of_rewards,
    of_routing,
    of_statistics,
    solutions,
)
from seed.conformance.exercises.check import Property
from seed.reference.advantage import explained_variance, gae, length_adaptive_lambda
from seed.reference.loss import token_weights
from seed.reference.rewards.reward import soft_overlong
from seed.spec.equations import statement
from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class Exercise:
    """A function to write.

    Attributes:
        name: What the command line calls it.
        solution: A function that is right: of the reference, or one that calls it. Its signature
            and docstring are what a student starts from.
        properties: What holds the function; the first that fails is shown.
        compare: ``file: function`` of the reference to read afterwards.
    """

    name: str
    solution: Callable[..., Any]
    properties: tuple[Property, ...]
    compare: str

    @property
    def function(self) -> str:
        """Name of the function."""
        return self.solution.__name__

    @property
    def summary(self) -> str:
        """What it computes: the first line of its docstring."""
        return (inspect.getdoc(self.solution) or "").partition("\n")[0]

    @property
    def source(self) -> str:
        """Paper and equation."""
        return statement("Source", inspect.getdoc(self.solution) or "")

    @property
    def file(self) -> str:
        """Name of the file that a student writes, unless it is told otherwise."""
        return f"{self.name.replace('-', '_')}.py"


EXERCISES = (
    Exercise(
        "overlong-penalty",
        soft_overlong,
        (
            of_rewards.the_ramp_has_its_golden_values,
            of_rewards.the_penalty_never_rewards_and_never_rises_with_length,
            of_rewards.the_ramp_is_straight,
            of_rewards.without_a_ramp_no_length_costs_anything,
        ),
        "reference/rewards/reward.py: soft_overlong",
    ),
    Exercise(
        "length-adaptive-lambda",
        length_adaptive_lambda,
        (
            of_advantages.lambda_has_its_golden_values,
            of_advantages.the_window_is_a_fixed_share_of_the_response,
            of_advantages.lambda_stays_in_range,
            of_advantages.an_empty_response_counts_as_one_token,
        ),
        "reference/advantage.py: length_adaptive_lambda",
    ),
    Exercise(
        "gae",
        gae,
        (
            of_advantages.lambda_zero_gives_the_td_error,
            of_advantages.lambda_one_gives_the_return,
            of_advantages.gae_has_its_golden_values,
            of_advantages.a_reward_decays_by_gamma_lambda_per_token,
            of_advantages.the_value_after_the_end_is_bootstrapped,
            of_advantages.a_constant_in_all_values_decays_from_the_end,
            of_advantages.gae_is_linear,
            of_advantages.rows_do_not_touch_each_other,
            of_advantages.gaps_are_skipped,
            of_advantages.what_stands_in_gaps_is_never_read,
        ),
        "reference/advantage.py: gae",
    ),
    Exercise(
        "decoupled-gae",
        solutions.decoupled_gae,
        (
            of_advantages.value_targets_have_their_golden_values,
            of_advantages.targets_are_returns_whatever_the_policy_uses,
            of_advantages.advantages_use_the_policys_lambda,
            of_advantages.targets_are_gae_plus_values,
            of_advantages.neither_part_reads_outside_the_response,
        ),
        "reference/advantage.py: decoupled_gae",
    ),
    Exercise(
        "explained-variance",
        explained_variance,
        (
            of_statistics.the_truth_explains_all_and_a_constant_nothing,
            of_statistics.half_the_returns_explain_three_quarters,
            of_statistics.a_constant_error_does_not_count,
            of_statistics.the_wrong_sign_is_punished,
            of_statistics.constant_returns_cannot_be_explained,
        ),
        "reference/advantage.py: explained_variance",
    ),
    Exercise(
        "group-advantages",
        solutions.group_advantages,
        (
            of_statistics.group_advantages_have_their_golden_values,
            of_statistics.every_group_is_normalised_alone,
            of_statistics.groups_are_found_by_number,
            of_statistics.a_group_of_equal_rewards_gets_exactly_zero,
            of_statistics.unit_and_origin_of_the_reward_do_not_matter,
        ),
        "reference/advantage.py: group_advantages",
    ),
    Exercise(
        "token-weights",
        token_weights,
        (
            of_losses.the_four_means_have_their_golden_weights,
            of_losses.weights_of_a_mean_sum_to_one,
            of_losses.prompts_weigh_alike_in_the_group_mean,
            of_losses.rows_without_a_response_do_not_count,
            of_losses.no_token_no_weight,
        ),
        "reference/loss.py: token_weights",
    ),
    Exercise(
        "clip-higher",
        solutions.clipped_surrogate,
        (
            of_losses.an_unmoved_policy_loses_minus_the_advantage,
            of_losses.tokens_keep_their_own_loss,
            of_losses.a_rare_token_rises_to_the_cap_and_no_further,
            of_losses.each_bound_stops_one_sign,
            of_losses.the_surrogate_is_pessimistic,
        ),
        "reference/loss.py: clipped_surrogate",
    ),
    Exercise(
        "dual-clip",
        solutions.dual_clipped_surrogate,
        (
            of_losses.dual_clip_leaves_good_tokens_alone,
            of_losses.dual_clip_changes_nothing_below_the_bound,
            of_losses.dual_clip_bounds_the_loss_of_bad_tokens,
        ),
        "reference/loss.py: clipped_surrogate",
    ),
    Exercise(
        "positive-loss",
        solutions.positive_example_loss,
        (
            of_losses.the_positive_loss_is_a_mean_over_tokens,
            of_losses.only_correct_responses_count,
            of_losses.positive_loss_reads_response_tokens_only,
            of_losses.a_likelier_token_lowers_the_positive_loss,
            of_losses.nothing_correct_nothing_lost,
        ),
        "reference/objective.py: step_weights and policy_loss",
    ),
    Exercise(
        "kl-estimators",
        solutions.kl_estimators,
        (
            of_losses.equal_policies_have_no_kl,
            of_losses.k2_and_k3_are_never_negative,
            of_losses.k1_and_k3_are_unbiased,
            of_losses.k1_changes_its_sign_and_k2_does_not,
            of_losses.the_slope_of_k2_is_the_log_ratio,
        ),
        "reference/loss.py: kl_penalty",
    ),
    Exercise(
        "expert-routing",
        solutions.route,
        (
            of_routing.the_k_largest_come_first,
            of_routing.equal_logits_go_to_the_smaller_id,
            of_routing.gates_sum_to_one,
            of_routing.gates_are_rescaled_probabilities,
            of_routing.large_logits_do_not_overflow,
        ),
        "reference/moe.py: top_k and gates",
    ),
)


def exercise_named(name: str) -> Exercise:
    """An exercise by its name.

    Raises:
        SeedError: UNKNOWN_NAME.
    """
    for exercise in EXERCISES:
        if exercise.name == name:
            return exercise
    legal = ", ".join(exercise.name for exercise in EXERCISES)
    raise SeedError(Reason.UNKNOWN_NAME, f"exercise {name!r} is not one of: {legal}")
