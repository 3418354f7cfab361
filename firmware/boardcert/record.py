"""An identity as it is stored: of store, what stays in memory."""


class Record:
    """What one file holds. *private_key*: DER; *chain*: DER certificates, the leaf first."""

    def __init__(self, private_key: bytes, chain: list, facts: dict, generation: int = 0) -> None:
        self.private_key = private_key
        self.chain = chain
        self.facts = facts
        self.generation = generation
