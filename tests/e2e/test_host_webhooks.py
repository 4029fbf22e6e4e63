"""The host application of a real installation, told over HTTP."""

from standardwebhooks import Webhook

from tests.e2e.installation import running_installation
from tests.integration.host_webhooks.receivers import receiver, says
from tests.waiting import eventually


def test_a_host_is_told_of_a_declined_card_and_verifies_it_although_it_failed_at_first() -> None:
    with (
        receiver() as host,
        running_installation(DUNLIN_WEBHOOK_ALLOWED_HOSTS="127.0.0.1", DUNLIN_SWEEP_SECONDS="2") as installation,
    ):
        host.answers(says(500))
        wanted = {"url": f"http://127.0.0.1:{host.port}/hooks", "event_types": ["invoice.failed"]}
        made = installation.api("POST", "/webhook-endpoints", wanted)
        assert made.status == 201, made
        refused = installation.api("POST", "/webhook-endpoints", {"url": f"http://localhost:{host.port}/"})
        client_id, _ = installation.client_with_card("pm_card_chargeCustomerFail")

        invoice_id = installation.sent_invoice(client_id)
        eventually(lambda: len(host.requests) == 2, within_seconds=40)

        told = Webhook(made.body["secret"]).verify(host.requests[1].body, host.requests[1].headers)
        assert (told["type"], told["data"]["invoice"]["id"]) == ("invoice.failed", invoice_id)
        assert host.requests[0].headers["webhook-id"] == host.requests[1].headers["webhook-id"] == told["id"]
        event = eventually(lambda: installation.api("GET", "/host-events?status=delivered").body["data"])
        assert [each["tries"] for each in event[0]["deliveries"]] == [2]
        assert refused.status == 422
        log = (installation.home.parent / "log").read_text()
        assert made.body["secret"] not in log
