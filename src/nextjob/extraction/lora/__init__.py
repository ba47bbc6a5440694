"""Training of LoRA adapters for the extractor."""
