"""Stripe's side of the ports: charging, cards, signature checks, and what Stripe's events mean."""
