"""Colours that people with any colour vision tell apart."""

# Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002), scheme "light": made for filled areas with
# labels over them.
QUALITATIVE = (
    "#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF",
    "#44BB99", "#BBCC33", "#AAAA00", "#DDDDDD",
)  # fmt: skip
# ColorBrewer 2.0 by Cynthia Brewer: YlGnBu and OrRd, five classes, marked colour-blind safe.
FEW_TO_MANY = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
CALM_TO_URGENT = ("#fef0d9", "#fdcc8a", "#fc8d59", "#e34a33", "#b30000")
# ColorBrewer's PuOr, seven classes: from too little (violet) over even to too much (orange).
LESS_TO_MORE = ("#542788", "#998ec3", "#d8daeb", "#f7f7f7", "#fee0b6", "#f1a340", "#b35806")


def qualitative(n: int) -> list[str]:
    """n colours; the tenth is the first again.

    >>> qualitative(10)[9] == qualitative(1)[0]
    True
    """
    return [QUALITATIVE[i % len(QUALITATIVE)] for i in range(n)]
