"""The README's example of a host application, run."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from adapters.host_webhooks.sender import StandardHostWebhooks
from domain.model.host_addresses import AddressRules
from ports.host_webhooks import HostWebhook
from tests.integration.host_webhooks.receivers import receiver
from tests.servers import PROJECT

SENDER = StandardHostWebhooks("key", AddressRules(takes_plain_http=True, allowed_hosts=frozenset({"127.0.0.1"})))


@pytest.fixture
def host_application(monkeypatch: pytest.MonkeyPatch) -> Flask:
    (example,) = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    monkeypatch.setenv("DUNLIN_WEBHOOK_SECRET", SENDER.secret("salt"))
    defined: dict[str, Any] = {"__name__": "host_application"}
    exec(compile(example, "README.md", "exec"), defined)
    app: Flask = defined["app"]
    return app


def test_the_example_takes_what_we_send_once_and_refuses_what_others_do(
    host_application: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b'{"id":"hev_1","type":"invoice.overdue","data":{"invoice":{"id":"inv_1"}}}'
    with receiver() as host:
        url = f"http://127.0.0.1:{host.port}/"
        for salt in ("salt", "salt", "another"):
            SENDER.send(HostWebhook(url, "hev_1", datetime.now(UTC), body, [salt]))
    client = host_application.test_client()

    statuses = [
        client.post("/hooks/dunlin", data=sent.body, headers=sent.headers).status_code for sent in host.requests
    ]

    assert statuses == [204, 204, 400]
    assert capsys.readouterr().out == "invoice.overdue inv_1\n"
