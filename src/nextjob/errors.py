"""The one exception a user meets: its message is a single line naming file, row, cause and the way out."""


class InputError(ValueError):
    """Something given from outside cannot be used; entry points print the message and exit with code 1."""
