"""Reading boards, splitting by profile chain, and serving sessions."""

from nextjob.data.read import read_board, read_jobs, read_sessions

__all__ = ["read_board", "read_jobs", "read_sessions"]
