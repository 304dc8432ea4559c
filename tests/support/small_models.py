"""A model small enough for finite differences."""

SMALL_MODEL = (
    *("model.hidden=8", "model.heads=2", "model.key_value_heads=1", "model.head_width=4"),
    *("model.experts=3", "model.expert_width=6", "precision=float64"),
)
"""Overrides of the preset tiny."""
