class Failure(Exception):
    """Why a step was not done, in one line."""

    def __init__(self, message, status="failed"):
        super().__init__(message)
        self.status = status
        #: What was measured before, which counts.
        self.partial = None
