"""The API under /api/v1: schemas, and one blueprint for each kind of object."""
