"""Ways to reach a firm's staff."""
