from tests.models.conftest import config, datamodule, make_model

__all__ = ["config", "datamodule", "make_model"]
