"""Numbers as a page writes them."""


def percent(share: float | None) -> str:
    """A share with one decimal, "-" where there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def signed(value: float) -> str:
    """Three decimals and always a sign."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
