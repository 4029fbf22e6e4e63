"""The inside of the hexagon: values, decisions and use cases. Imports the standard library only."""
