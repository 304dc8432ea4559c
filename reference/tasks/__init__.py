"""The problems of training and evaluation, and the puzzle families that make them."""
