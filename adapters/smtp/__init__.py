"""Mail over SMTP, or into files where there is no server."""
