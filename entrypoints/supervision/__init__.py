"""Keeping a set of processes alive: what `dunlin up` is made of, knowing nothing of Dunlin itself."""
