import pytest

from domain.model.firms import Scope
from domain.services import firms
from tests.e2e.web.web_world import OPERATOR, WebWorld

KEY_OF_NOBODY = "dk_000000000000_" + "a" * 43


def get_clients(web: WebWorld, authorization: str | None, address: str = "198.51.100.7") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    return web.http.get("/api/v1/clients", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        f"Bearer {KEY_OF_NOBODY}",
        "Bearer nonsense",
        "Bearer dk__",
        "Bearer dk_\u00e9_x",
        "Bearer " + "x" * 5000,
    ],
    ids=range(10),
)
def test_without_a_valid_key_it_is_401_and_says_how_to_authenticate(web: WebWorld, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = web.http.get("/api/v1/clients", headers=headers)

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_scheme_is_spelled_in_any_case(web: WebWorld) -> None:
    assert get_clients(web, f"bearer {web.north.keys[Scope.READ]}") == 200


def test_a_key_with_one_letter_changed_opens_nothing(web: WebWorld) -> None:
    key = web.north.keys[Scope.ADMIN]

    assert get_clients(web, f"Bearer {key[:-1]}{'a' if key[-1] != 'a' else 'b'}") == 401


def test_a_revoked_key_opens_nothing_from_then_on(web: WebWorld) -> None:
    key = web.north.keys[Scope.READ]
    before = get_clients(web, f"Bearer {key}")

    firms.revoke_api_key(web.ports, key.split("_")[1], OPERATOR)

    assert (before, get_clients(web, f"Bearer {key}")) == (200, 401)


def test_too_small_a_scope_is_403_and_says_which_is_needed(web: WebWorld) -> None:
    answer = web.call("POST", "/clients", {"company_name": "Acme"}, scope=Scope.READ)

    assert answer.status_code == 403
    assert "write" in answer.get_json()["detail"]


def test_after_20_wrong_keys_from_an_address_it_is_429_with_a_time_to_wait(web: WebWorld) -> None:
    statuses = [get_clients(web, f"Bearer dk_{number:012d}_{'a' * 43}") for number in range(21)]

    answer = web.http.get(
        "/api/v1/clients",
        headers={"Authorization": f"Bearer {KEY_OF_NOBODY}"},
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
    )

    assert statuses == [401] * 20 + [429]
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_wrong_keys_of_one_prefix_are_counted_over_all_addresses(web: WebWorld) -> None:
    statuses = [get_clients(web, f"Bearer {KEY_OF_NOBODY}", f"198.51.100.{number}") for number in range(21)]

    assert statuses == [401] * 20 + [429]


def test_the_hosts_of_one_ipv6_network_are_one_address(web: WebWorld) -> None:
    addresses = [f"2001:db8:0:1::{number:x}" for number in range(1, 22)]

    statuses = [
        get_clients(web, f"Bearer dk_{number:012d}_{'a' * 43}", address) for number, address in enumerate(addresses)
    ]

    assert statuses[-1] == 429


def test_a_right_key_is_let_through_whatever_was_counted(web: WebWorld) -> None:
    key = web.north.keys[Scope.READ]
    for _ in range(25):
        get_clients(web, f"Bearer {key[:-1]}!")
        get_clients(web, f"Bearer {key[:-4]}aaaa")

    assert get_clients(web, f"Bearer {key}") == 200


def test_a_missing_key_is_no_guess(web: WebWorld) -> None:
    statuses = [get_clients(web, None) for _ in range(25)]

    assert statuses == [401] * 25
    assert get_clients(web, f"Bearer {KEY_OF_NOBODY}") == 401


def test_changes_are_written_down_under_the_keys_prefix(web: WebWorld) -> None:
    prefix = web.north.keys[Scope.WRITE].split("_")[1]

    web.call("POST", "/clients", {"company_name": "Acme"}, scope=Scope.WRITE)

    (event,) = web.call("GET", "/audit-events", query={"action": "client_created", "limit": "1"}).get_json()["data"]
    assert event["actor"] == f"api_key:{prefix}"
