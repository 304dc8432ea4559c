"""Pretrained models: folders of safetensors and GGUF files, read and written."""
