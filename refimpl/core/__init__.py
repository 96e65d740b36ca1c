"""What every system stands on: arrays, argument checks, random draws, autodiff, trees, loops."""
