from entrypoints.web.api.countries import COUNTRIES


def test_all_countries_of_iso_3166_are_known_and_kosovo() -> None:
    assert len(COUNTRIES) == 249 + 1
    assert {"DE", "US", "AQ", "XK"} <= COUNTRIES
    assert all(len(code) == 2 and code.isalpha() and code.isupper() for code in COUNTRIES)
