"""Rewards from verdicts and preferences: reward model, policy judge, HTTP judge."""
