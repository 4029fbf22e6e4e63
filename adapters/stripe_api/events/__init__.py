"""What Stripe's events mean in our words."""
