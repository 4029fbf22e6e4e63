"""Messages signed after the Standard Webhooks scheme: standardwebhooks.com."""
