"""Starting again in the same folder: what was there is there."""

import tempfile
from pathlib import Path

import psutil

from tests.e2e.installation import Installation, api_key_in, free_port, start
from tests.waiting import eventually


def test_a_second_start_in_the_same_folder_keeps_firm_key_and_invoices_and_makes_no_new_ones() -> None:
    with tempfile.TemporaryDirectory(prefix="dunlin-") as folder:
        home, web_port, sandbox_port = Path(folder) / "home", free_port(), free_port()
        settings = {
            "DUNLIN_HOME": str(home),
            "DUNLIN_PORT": str(web_port),
            "DUNLIN_SANDBOX_PORT": str(sandbox_port),
            "DUNLIN_WEB_WORKERS": "1",
        }

        def begin(process_id: int, key: str) -> Installation:
            running = Installation(psutil.Process(process_id), home, web_port, sandbox_port, key)
            eventually(running.is_ready, within_seconds=30)
            return running

        first_log, second_log = Path(folder) / "first", Path(folder) / "second"
        with start(settings, first_log) as process:
            key = eventually(lambda: api_key_in(first_log), within_seconds=30)
            assert key is not None
            first = begin(process.pid, key)
            client_id, _ = first.client_with_card("pm_card_visa")
            invoice_id = first.sent_invoice(client_id)
            eventually(lambda: first.get(invoice_id)["status"] == "paid", within_seconds=15)
            charges = [charge["id"] for charge in first.charges(invoice_id)]

        with start(settings, second_log) as process:
            second = begin(process.pid, key)

            assert second.get(invoice_id)["status"] == "paid"
            assert [charge["id"] for charge in second.charges(invoice_id)] == charges
            assert api_key_in(second_log) is None
