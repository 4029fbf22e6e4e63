"""The queues by name, for commands that must not import Redis to know them."""

QUEUES = ("retries", "notices", "upkeep", "host_webhooks")
