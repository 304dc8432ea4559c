"""Texts of pretrained language models: their tokenizer, chat template and incremental decoding."""
