class Failure(Exception):
    """Why a step gave nothing, in one line."""

    def __init__(self, message, status="failed"):
        super().__init__(message)
        self.status = status
