"""HTTP: Stripe's webhooks, the API of firms, health and the documentation. `app.create_app` puts it together."""
