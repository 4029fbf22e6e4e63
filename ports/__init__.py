"""What the inside needs from the world, one role a file, in our own words."""
