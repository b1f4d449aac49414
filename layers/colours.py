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


# Signs and lines of maps, by what they mean; pages' scripts have the same from web/static/js/pure/colours.js.
CHOSEN = "#12355b"
FORMER = "#5b6b82"
AREA = "#33415c"
EDGE = "#8a94a3"
STREET = "#8d99ae"
HOUSE = "#1b4965"
EVENT = "#6c757d"
OPEN_EVENT = "#c1121f"
NOTHING = "#e6e8eb"
GOOD = "#0b5a37"
UNSURE = "#7a4b00"
BAD = "#b30000"
WHITE = "#ffffff"
EMERGENCY = "#6b0f1a"
LATE = "#a4262c"
SOON = "#c77700"
CALM = "#1f6fb2"
ALARM = "#ffd400"
MARKED = "#f4a300"
OTHER = "#b35806"
FIXED_BORDER = "#6b7686"
INK = "#1b2a41"
FRAME = "#8a97a8"
QUIET = "#aab4c2"
GROUND = "#f7f8fa"
AFFECTED = "#f4b6a6"
STAYS = "#eef1f5"
UNKNOWN = "#dddddd"
OWN_GROUND = "#d6e6f7"
NEIGHBOUR = "#47566a"
SCALE = "#14202e"
HERE = "#a3161c"
BASIC = "#77aadd"
EXCLUSIVE = "#ee8866"


def qualitative(n: int) -> list[str]:
    """n colours; the tenth is the first again.

    >>> qualitative(10)[9] == qualitative(1)[0]
    True
    """
    return [QUALITATIVE[i % len(QUALITATIVE)] for i in range(n)]
