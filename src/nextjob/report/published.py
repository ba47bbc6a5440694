"""What was published of the method this project starts from."""

METHODS = ("content-based", "collaborative", "hybrid", "action MLP")
FIGURES = {
    "MRR@10": ("0.010", "0.032", "0.041", ""),
    "action accuracy": ("", "42.5 %", "", "67.1 %"),
    "final score": ("0.15", "0.15", "0.23", ""),
}
"""One row a measure, one figure a method; "" where none was published."""
