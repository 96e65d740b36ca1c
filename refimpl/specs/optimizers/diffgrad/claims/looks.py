"""How the methods look in all figures, and what makes them of one rule."""

from refimpl.optimizers import diffgrad

LOOKS = {  # color-blind safe (Okabe and Ito), and told apart by their markers in black and white
    "diffGrad": {"color": "#D55E00", "marker": "o"},
    "Adam": {"color": "#0072B2", "marker": "s"},
    "SGD": {"color": "#009E73", "marker": "^"},
}
HALF = "Adam at half the rate"
LOOKS[HALF] = {"color": "#009E73", "marker": "x"}
GRAY = "0.45"
FRICTIONS = {"diffGrad": diffgrad.friction, "Adam": lambda change: 1.0}  # with friction 1 the rule is Adam
