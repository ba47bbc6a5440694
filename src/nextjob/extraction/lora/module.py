"""The LightningModule that trains a LoRA adapter on packed rows."""

import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR

from nextjob.errors import InputError
from nextjob.extraction.engines.weights import find_weights
from nextjob.extraction.lora.rows import Batch
from nextjob.extraction.lora.tree import NAME, positions, visible

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTER = "adapter"
"""Key in a checkpoint of what the adapter belongs to."""
WARM_UP = 0.05
"""Share of the training over which the learning rate rises."""


class AdapterTraining(L.LightningModule):
    """Learns to answer as the engine asks: the loss is on the answers alone.

    An open answer costs the mean negative log-likelihood of its tokens and the end token; a closed one the negative
    log-probability of the choices that count as right, among the choices' first tokens, by which the engine decides.
    With the trainer's precision=bf16-mixed the frozen weights are held in bfloat16. Checkpoints hold the adapter only.

    Args:
        model: "smollm2" (packaged), a local folder, or a hub id, of the Llama architecture.
        cache_dir: where the packaged model is unpacked.
        rank: of the adapter, which every linear layer of the decoder gets.
        scaling: what the adapter's product is multiplied by.
        learning_rate: of AdamW, after a short warm-up; it falls linearly to zero.
        weight_decay: of AdamW.
        max_seconds: training ends after so long at the latest, with the learning rate at zero; None sets no limit.

    Raises:
        InputError: when training begins: no such model, or one of another architecture.
    """

    def __init__(
        self,
        model: str,
        cache_dir: str | Path,
        rank: int,
        scaling: float,
        learning_rate: float,
        weight_decay: float,
        max_seconds: float | None = None,
    ) -> None:
        super().__init__()
        self.name, self.cache_dir, self.rank, self.scaling = model, cache_dir, rank, scaling
        self.learning_rate, self.weight_decay, self.max_seconds = learning_rate, weight_decay, max_seconds
        self.strict_loading = False
        self._begin = 0.0

    def configure_model(self) -> None:
        """Load the frozen model and put a fresh adapter on it, once."""
        if hasattr(self, "lora"):
            return
        from transformers import AutoConfig, LlamaForCausalLM

        folder, self.revision = find_weights(self.name, self.cache_dir)
        kind = AutoConfig.from_pretrained(folder).model_type
        if kind != "llama":
            raise InputError(f"{self.name}: a {kind} model; adapters are trained for the Llama architecture")
        torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew for every shape
        half = self._trainer is not None and self._trainer.precision == "bf16-mixed"
        dtype = torch.bfloat16 if half else torch.float32
        model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=NAME)
        alpha = self.scaling * self.rank
        config = LoraConfig(r=self.rank, lora_alpha=alpha, target_modules=TARGETS, task_type="CAUSAL_LM")  # type: ignore[arg-type]
        self.lora = get_peft_model(model, config)
        for layer in self.lora.modules():
            if isinstance(layer, LoraLayer):
                layer.cast_input_dtype_enabled = False  # autocast does it, without the way through float32

    def loss(self, batch: Batch) -> Tensor:
        """Mean over the answers of a batch, a scalar."""
        causal: Any = self.lora.get_base_model()
        hidden = causal.model(
            input_ids=torch.cat([batch.prefix, batch.suffix], dim=1),
            attention_mask=visible(batch),
            position_ids=positions(batch),
            use_cache=False,
        ).last_hidden_state
        branches = hidden[:, batch.prefix.shape[1] :].flatten(0, 1)  # (B * S, E)
        generated = causal.lm_head(branches[batch.places]).float()
        opened = (cross_entropy(generated, batch.targets, reduction="none") * batch.weights).sum()
        logits = causal.lm_head(branches[batch.closed]).float().gather(1, batch.choices.clamp(min=0))
        logits = logits.masked_fill(batch.choices < 0, -torch.inf)
        right = logits.masked_fill(~batch.right, -torch.inf)
        closed = (logits.logsumexp(1) - right.logsumexp(1)).sum()
        return (opened + closed) / (batch.weights.sum() + len(batch.closed))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of one batch."""
        loss = self.loss(batch)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.prefix))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss of one batch of ads that are held out."""
        answers = batch.weights.sum() + len(batch.closed)
        self.log("val/loss", self.loss(batch), prog_bar=True, batch_size=round(answers.item()))

    def on_validation_epoch_end(self) -> None:
        """Log the geometric mean of the probabilities of the right answers."""
        self.log("val/likelihood", torch.exp(-self.trainer.callback_metrics["val/loss"]))

    on_test_epoch_end = on_validation_epoch_end

    def test_step(self, batch: Batch, index: int) -> None:
        """The same again, of the epoch that is kept."""
        self.validation_step(batch, index)

    def configure_optimizers(self) -> Any:
        """AdamW on the adapter; the rate follows the steps, or the clock where that is ahead."""
        learned = [weight for weight in self.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(learned, self.learning_rate, weight_decay=self.weight_decay)
        steps = max(self.trainer.estimated_stepping_batches, 1)

        def rate(step: int) -> float:
            done = max(step / steps, self._spent())
            return min(step / steps / WARM_UP + 1e-3, 1.0, max(1 - done, 0.0))

        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, rate), "interval": "step"}}

    def on_train_start(self) -> None:
        """Start the clock."""
        self._begin = time.monotonic()

    def on_train_batch_end(self, *_: Any) -> None:
        """Stop where the time is up."""
        if self._spent() >= 1:
            self.trainer.should_stop = True

    def _spent(self) -> float:
        """Share of the time that is used up."""
        return (time.monotonic() - self._begin) / self.max_seconds if self.max_seconds and self._begin else 0.0

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The adapter's weights; the frozen ones are where they came from."""
        return {name: weight for name, weight in super().state_dict(*args, **kwargs).items() if "lora_" in name}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note what the adapter belongs to."""
        checkpoint[ADAPTER] = self._belongs_to()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of another model or rank.

        Raises:
            InputError: naming both.
        """
        if checkpoint.get(ADAPTER) != self._belongs_to():
            raise InputError(
                f"checkpoint of {checkpoint.get(ADAPTER, 'no adapter')}, but this run trains {self._belongs_to()}"
            )

    def _belongs_to(self) -> dict[str, Any]:
        return {"model": self.name, "revision": self.revision, "rank": self.rank, "scaling": self.scaling}
