"""What the policy is asked: problems and the puzzle families that make them."""
