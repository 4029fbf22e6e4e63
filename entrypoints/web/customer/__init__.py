"""The page on which a customer pays, opened by a signed link."""
