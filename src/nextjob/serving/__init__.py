"""What serves a run: its answers as a program that needs torch alone, and candidates for a large catalogue."""

from nextjob.serving.candidates import Candidates
from nextjob.serving.folder import export

__all__ = ["Candidates", "export"]
