"""One folder for each technology that plays a port's role."""
