"""What libraries say that is no news, kept out of the terminal and of train.log."""

import logging

NO_NEWS = (
    "GPU available: False",
    "TPU available: False",
    "Loading `train_dataloader` to estimate number of stepping batches",
    "💡 Tip:",
    "`Trainer.fit` stopped: `max_epochs=",
    "Restoring states from the checkpoint path at",
    "Loaded model weights from the checkpoint at",
    "`isinstance(treespec, LeafSpec)` is deprecated",  # inside Lightning, on every step
    "`training_step` returned `None`",  # a refit that trains nothing but counts
    "torch.distributed.nn.functional.all_gather is deprecated",  # inside Lightning
    "`is_gradient_checkpointing` is deprecated",  # inside peft
    "exists and is not empty. Previous log files in this directory",  # the run folder of CSVLogger is the run's own
)


def is_quiet() -> bool:
    """Whether the configuration has silenced this package, as hydra=quiet does: then nothing shows progress."""
    return logging.getLogger("nextjob").level >= logging.WARNING


class NoNews(logging.Filter):
    """Drops the messages above; everything else passes, Python warnings too, which come through logging."""

    def __init__(self) -> None:
        super().__init__()
        logging.captureWarnings(True)

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a message that is no news."""
        return not any(words in record.getMessage() for words in NO_NEWS)
