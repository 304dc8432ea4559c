"""How a model and its batches are spread over ranks."""
