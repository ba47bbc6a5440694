"""Language models that answer questions about ads: prompts, weights and the forward pass."""
