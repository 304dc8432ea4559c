"""The loop of both backends: SFT, value pretraining, RL, and what a run leaves."""
