"""Accuracy on held-out problems, of the policy and of its judges, with intervals."""
