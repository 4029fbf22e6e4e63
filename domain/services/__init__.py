"""The use cases: load, decide, save. They call ports, never adapters."""
