"""What goes wrong in genai_engineering: lines of the source that read otherwise."""

from refimpl.specs.base import mistake

# TODO: five or more; search the trackers of public packages (origin="https://..."); list variants with their sources.
ALTERNATIVES = (
    mistake(
        "stale_velocity",
        "wrong_order",
        "move with the new velocity; here the parameters move before it is updated",
        {"genai_engineering-2": "return params + state.velocity, GenaiEngineeringState(velocity)"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the gradient; here it is added",
        {"genai_engineering-1": "velocity = momentum * state.velocity + lr * grad"},
    ),
    mistake(
        "averaged",
        "wrong_scale",
        "the gradient has the weight lr; here lr (1 - momentum)",
        {"genai_engineering-1": "velocity = momentum * state.velocity - lr * (1 - momentum) * grad"},
    ),
    mistake(
        "forgotten",
        "missing_step",
        "keep the velocity; here each step starts from 0",
        {"genai_engineering-1": "velocity = -lr * grad"},
    ),
    mistake(
        "lr_twice",
        "wrong_scale",
        "lr is part of the velocity; here it scales the step once more",
        {"genai_engineering-2": "return params + lr * velocity, GenaiEngineeringState(velocity)"},
    ),
)
