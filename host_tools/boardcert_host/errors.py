"""The exception for all that users must see, and the exit codes."""

OK = 0
CHECKED_AND_BAD = 1
USAGE = 2
COULD_NOT_RUN = 3
INTERRUPTED = 130


class Error(Exception):
    """What went wrong, and what to do about it.

    *message*: lower case, no full stop. *hint*: the next step for the reader, or None. *code*: the
    exit code of the command. *detail*: lines for --verbose, such as a board's traceback. Only
    `cli.main` catches this.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        code: int = COULD_NOT_RUN,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.detail = detail
