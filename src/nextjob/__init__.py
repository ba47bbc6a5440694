"""Next-job recommendation from anonymous job-board sessions and the text of the ads."""

__version__ = "0.1.0"
