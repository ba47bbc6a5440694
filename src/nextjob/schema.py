"""Names of columns, actions, statuses and constants: one word per thing, everywhere.

Shape legend: B sessions, L prefix length, J jobs, D embedding, K rank, F features.
"""

from typing import Final

SESSION_ID: Final = "session_id"
JOB_ID: Final = "job_id"
JOB_IDS: Final = "job_ids"
ACTION: Final = "action"
ACTIONS: Final = "actions"
TIMESTAMP: Final = "timestamp"
POSITION: Final = "position"
TEXT: Final = "text"

FEATURE: Final = "feature"
RAW: Final = "raw"
VALUE: Final = "value"
STATUS: Final = "status"
CONFIDENCE: Final = "confidence"

PAD: Final = 0
"""Padding in every (B, L) tensor; jobs are numbered 1..J, actions 1..2."""

VIEW: Final = "view"
APPLY: Final = "apply"
ACTION_NUMBERS: Final = {VIEW: 1, APPLY: 2}

TOP_K: Final = 10
