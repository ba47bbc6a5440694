"""Parts of the ads for runs side by side, told apart by a hash of the text."""

from dataclasses import dataclass

from nextjob.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count` parts; equal ads are in the same one, whatever else the catalogue holds.

    Raises:
        InputError: there is no such part, or the two are no whole numbers.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        whole = isinstance(self.index, int) and isinstance(self.count, int)
        if not whole or not 0 <= self.index < self.count:
            raise InputError(
                f"shard.index={self.index} with shard.count={self.count}: the parts are numbered 0 to count - 1"
            )

    def holds(self, ad_hash: str) -> bool:
        """Whether an ad of this hash belongs to the part."""
        return int(ad_hash, 16) % self.count == self.index


ALL = Shard()
"""Every ad."""


class AdsMissing(Exception):
    """This part is answered, and others are not yet: there is no table to write."""

    def __init__(self, shard: Shard, missing: int) -> None:
        super().__init__(
            f"shard.index={shard.index} is done; {missing} ads of other shards have no answers yet. "
            "The shard that finishes last writes the tables, and so does this command without shard."
        )
