"""Attention: layers that weigh their inputs, what they can learn, and what makes them cheaper to run and to train."""
