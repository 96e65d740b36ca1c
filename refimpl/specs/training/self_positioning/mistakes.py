"""What goes wrong in self_positioning: lines of the source that read otherwise."""

from refimpl.specs.base import mistake

# TODO: five or more; search the trackers of public packages (origin="https://..."); list variants with their sources.
ALTERNATIVES = (
    mistake(
        "stale_velocity",
        "wrong_order",
        "move with the new velocity; here the parameters move before it is updated",
        {"self_positioning-2": "return params + state.velocity, SelfPositioningState(velocity)"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the gradient; here it is added",
        {"self_positioning-1": "velocity = momentum * state.velocity + lr * grad"},
    ),
    mistake(
        "averaged",
        "wrong_scale",
        "the gradient has the weight lr; here lr (1 - momentum)",
        {"self_positioning-1": "velocity = momentum * state.velocity - lr * (1 - momentum) * grad"},
    ),
    mistake(
        "forgotten",
        "missing_step",
        "keep the velocity; here each step starts from 0",
        {"self_positioning-1": "velocity = -lr * grad"},
    ),
    mistake(
        "lr_twice",
        "wrong_scale",
        "lr is part of the velocity; here it scales the step once more",
        {"self_positioning-2": "return params + lr * velocity, SelfPositioningState(velocity)"},
    ),
)
