"""Settings: what is read, what stands in for what is missing, and what is refused."""

import stat
from pathlib import Path

import pytest

from entrypoints.settings import Settings, SettingsError

REAL_SECRET = "a-secret-that-is-long-enough"
GOOD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def settings(home: Path, **environ: str) -> Settings:
    return Settings.from_env({"DUNLIN_HOME": str(home), **environ})


def problems(home: Path, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        settings(home, **environ)
    return refusal.value.problems


def test_an_empty_environment_is_a_working_installation_of_its_own(home: Path) -> None:
    read = settings(home)

    assert read.is_database_embedded
    assert read.is_redis_embedded
    assert read.uses_sandbox
    assert read.stripe_api_base == "http://127.0.0.1:8420"
    assert (read.web_host, read.web_port, read.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (read.retry_workers, read.day_seconds, read.sweep_seconds) == (2, 86_400.0, 30.0)


def test_the_home_is_dot_dunlin_unless_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    read = Settings.from_env({})

    assert read.home.folder == tmp_path / ".dunlin"


def test_an_empty_variable_counts_as_missing(home: Path) -> None:
    read = settings(home, STRIPE_SECRET_KEY="", DATABASE_URL=" ", DUNLIN_PORT="")

    assert read.uses_sandbox
    assert read.is_database_embedded
    assert read.web_port == 8000


def test_the_kept_secrets_stay_the_same(home: Path) -> None:
    first, second = settings(home), settings(home)

    assert first.secret_key == second.secret_key
    assert first.stripe_webhook_secrets == second.stripe_webhook_secrets


def test_two_homes_do_not_share_a_secret(tmp_path: Path) -> None:
    one, other = settings(tmp_path / "one"), settings(tmp_path / "other")

    assert one.secret_key != other.secret_key


def test_a_kept_secret_is_closed_to_other_users(home: Path) -> None:
    settings(home)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (home / "secrets").iterdir()}
    assert modes == {0o600}


def test_refused_settings_leave_no_secret_behind(home: Path) -> None:
    problems(home, DUNLIN_PORT="no number")

    assert not home.exists()


def test_secrets_do_not_show_in_the_representation(home: Path) -> None:
    read = settings(
        home,
        DATABASE_URL="postgresql://dunlin:hidden-1@db/dunlin",
        DUNLIN_SECRET_KEY="hidden-2-and-long-enough",
        STRIPE_SECRET_KEY="sk_test_hidden-3",
        STRIPE_WEBHOOK_SECRET="whsec_hidden-4",
        SMTP_URL="smtp://user:hidden-5@mail",
        MAIL_FROM="billing@example.com",
        MAIL_WEBHOOK_SECRET="whsec_hiddenhiddenhiddenhiddenhidden77",
        ALERT_URLS="slack://hidden-6",
    )

    assert "hidden" not in repr(read)


def test_several_webhook_secrets_keep_their_order(home: Path) -> None:
    read = settings(home, STRIPE_WEBHOOK_SECRET="whsec_new, whsec_old,")

    assert read.stripe_webhook_secrets == ("whsec_new", "whsec_old")


def test_several_secrets_for_reports_about_mails_keep_their_order(home: Path) -> None:
    read = settings(home, MAIL_WEBHOOK_SECRET=f"{GOOD_SECRET}, {GOOD_SECRET.removeprefix('whsec_')}")

    assert read.mail_webhook_secrets == (GOOD_SECRET, GOOD_SECRET.removeprefix("whsec_"))


def test_the_owner_of_the_schema_is_the_database_user_unless_named(home: Path) -> None:
    read = settings(home, DATABASE_URL="postgresql://app@db/dunlin", DUNLIN_SECRET_KEY=REAL_SECRET)

    assert read.database_owner_url == "postgresql://app@db/dunlin"


def test_links_for_customers_do_not_carry_the_wildcard_address(home: Path) -> None:
    read = settings(home, DUNLIN_HOST="0.0.0.0", DUNLIN_PORT="80")

    assert read.base_url == "http://127.0.0.1:80"


def test_the_socket_of_redis_is_in_the_home(home: Path) -> None:
    assert settings(home).home.redis_socket_path == home / "redis.sock"


def test_a_long_home_gets_short_socket_paths(tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" * 20)

    read = settings(deep)

    assert len(str(read.home.redis_socket_path)) <= 100
    assert len(str(read.home.postgres_socket_dir / ".s.PGSQL.5432")) <= 100


def test_two_long_homes_do_not_share_a_socket(tmp_path: Path) -> None:
    one, other = settings(tmp_path / ("a" * 120)), settings(tmp_path / ("b" * 120))

    assert one.home.redis_socket_path != other.home.redis_socket_path


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_a_live_key_is_recognised(home: Path, key: str) -> None:
    read = settings(
        home,
        STRIPE_SECRET_KEY=key,
        STRIPE_WEBHOOK_SECRET="whsec_1",
        DUNLIN_SECRET_KEY=REAL_SECRET,
        DUNLIN_BASE_URL="https://billing.example.com/",
    )

    assert read.is_live
    assert read.stripe_api_base == "https://api.stripe.com"
    assert read.base_url == "https://billing.example.com"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DUNLIN_PORT": "eighty"}, "DUNLIN_PORT is 'eighty': write a whole number from 1 to 65535"),
        ({"DUNLIN_PORT": "0"}, "DUNLIN_PORT is '0'"),
        ({"DUNLIN_PORT": "8000.5"}, "DUNLIN_PORT is '8000.5'"),
        ({"DUNLIN_SANDBOX_PORT": "65536"}, "DUNLIN_SANDBOX_PORT is '65536'"),
        ({"DUNLIN_DAY_SECONDS": "0"}, "DUNLIN_DAY_SECONDS is '0'"),
        ({"DUNLIN_DAY_SECONDS": "nan"}, "DUNLIN_DAY_SECONDS is 'nan'"),
        ({"DUNLIN_DAY_SECONDS": "90000"}, "DUNLIN_DAY_SECONDS is '90000'"),
        ({"DUNLIN_SWEEP_SECONDS": "-1"}, "DUNLIN_SWEEP_SECONDS is '-1'"),
        ({"DUNLIN_RETRY_WORKERS": "0"}, "DUNLIN_RETRY_WORKERS is '0'"),
        ({"DUNLIN_WEB_WORKERS": "many"}, "DUNLIN_WEB_WORKERS is 'many'"),
        ({"DUNLIN_WEB_THREADS": "0"}, "DUNLIN_WEB_THREADS is '0'"),
        ({"DUNLIN_LOG_FORMAT": "xml"}, "DUNLIN_LOG_FORMAT is 'xml'"),
        ({"DATABASE_URL": "mysql://db/dunlin", "DUNLIN_SECRET_KEY": REAL_SECRET}, "DATABASE_URL is not an address"),
        ({"DATABASE_URL": "postgresql://", "DUNLIN_SECRET_KEY": REAL_SECRET}, "DATABASE_URL is not an address"),
        ({"DATABASE_URL": "postgresql://db/dunlin"}, "DUNLIN_SECRET_KEY is missing"),
        ({"DATABASE_OWNER_URL": "postgresql://db/dunlin"}, "DATABASE_OWNER_URL is set but DATABASE_URL is not"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL is not an address"),
        ({"DUNLIN_SECRET_KEY": "short"}, "DUNLIN_SECRET_KEY has 5 characters"),
        ({"DUNLIN_BASE_URL": "billing.example.com"}, "DUNLIN_BASE_URL is not an address"),
        ({"DUNLIN_PORT": "8420"}, "DUNLIN_PORT and DUNLIN_SANDBOX_PORT are both 8420"),
        ({"STRIPE_SECRET_KEY": "sk_test_1"}, "STRIPE_WEBHOOK_SECRET is empty"),
        ({"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": " , "}, "STRIPE_WEBHOOK_SECRET is empty"),
        ({"STRIPE_SECRET_KEY": "pk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, "publishable key"),
        ({"STRIPE_SECRET_KEY": "nonsense", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, "does not look like a Stripe key"),
        ({"SMTP_URL": "smtp://mail"}, "MAIL_FROM is missing"),
        ({"ALERT_URLS": "slack://a/b/c,s3cret"}, "ALERT_URLS: address 2 has no service://"),
        *[
            (
                {"SMTP_URL": url, "MAIL_FROM": "a@example.com"},
                f"SMTP_URL is not an address that Dunlin understands: {told}",
            )
            for url, told in [
                ("mail.example.com", "write smtp://"),
                ("http://mail.example.com", "write smtp://"),
                ("smtp://", "name the server"),
                ("smtp://user:p@ss/word@mail", "write nothing but options"),
                ("smtp://mail:port", "write smtp://… or smtps://… with a port"),
                ("smtp://mail:0", "write a port from 1"),
                ("smtp://user@mail", "give user and password together"),
                ("smtp://mail?tls=yes", "has no option tls"),
                ("smtp://mail?starttls=perhaps", "starttls is one of required, when_offered, never"),
                ("smtps://mail?starttls=required", "smtps:// is encrypted from the start"),
                ("smtp://user:hidden@mail?starttls=never", "would send the password where others can read it"),
                ("smtp://user:hidden@mail?starttls=when_offered", "would send the password"),
                ("smtp://mail?timeout=0", "timeout is a number of seconds from 1 to 20"),
                ("smtp://mail?timeout=60", "timeout is a number of seconds from 1 to 20"),
                ("smtp://mail?timeout=soon", "timeout is a number of seconds from 1 to 20"),
            ]
        ],
        *[
            ({"MAIL_FROM": sender}, "MAIL_FROM is no sender: write billing@example.com or Name <billing@example.com>")
            for sender in ["billing", "Firm <billing>", "a@b.example, c@d.example", "Ä <ä@b.example>", "a@b.example>"]
        ],
        *[
            ({"MAIL_WEBHOOK_SECRET": secret}, "MAIL_WEBHOOK_SECRET is no signing secret")
            for secret in ["short", "whsec_", "whsec_AAAA", f"{GOOD_SECRET},whsec_%%%"]
        ],
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_line(home: Path, environ: dict[str, str], told: str) -> None:
    (line,) = problems(home, **environ)

    assert told in line
    assert "\n" not in line


LIVE = {
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "DUNLIN_SECRET_KEY": REAL_SECRET,
    "DUNLIN_BASE_URL": "https://billing.example.com",
}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"STRIPE_API_BASE": "http://127.0.0.1:8420"}, "STRIPE_API_BASE"),
        ({"STRIPE_API_BASE": "https://localhost:8420"}, "STRIPE_API_BASE"),
        ({"DUNLIN_DAY_SECONDS": "2"}, "DUNLIN_DAY_SECONDS"),
        ({"DUNLIN_BASE_URL": "http://billing.example.com"}, "DUNLIN_BASE_URL"),
        ({"DUNLIN_BASE_URL": ""}, "DUNLIN_BASE_URL"),
        ({"DUNLIN_SECRET_KEY": ""}, "DUNLIN_SECRET_KEY is missing"),
    ],
)
def test_a_live_key_is_refused_beside_what_is_meant_for_play(home: Path, environ: dict[str, str], told: str) -> None:
    (line,) = problems(home, **LIVE | environ)

    assert told in line


def test_every_problem_is_told_at_once(home: Path) -> None:
    lines = problems(home, DUNLIN_PORT="x", DUNLIN_DAY_SECONDS="y", STRIPE_SECRET_KEY="sk_test_1")

    assert [line.split()[0] for line in lines] == ["DUNLIN_PORT", "DUNLIN_DAY_SECONDS", "STRIPE_WEBHOOK_SECRET"]


def test_a_refusal_never_repeats_a_secret(home: Path) -> None:
    lines = problems(
        home,
        DATABASE_URL="mysql://user:hidden@db/x",
        STRIPE_SECRET_KEY="hidden",
        DUNLIN_SECRET_KEY="hidden",
    )

    assert len(lines) == 4
    assert "hidden" not in "".join(lines)


def test_hosts_that_webhooks_may_reach_are_read_in_lower_case(home: Path) -> None:
    read = settings(home, DUNLIN_WEBHOOK_ALLOWED_HOSTS="Hooks.Internal, 10.0.0.5,::1")

    assert read.webhook_allowed_hosts == ("hooks.internal", "10.0.0.5", "::1")
    assert settings(home).webhook_allowed_hosts == ()


@pytest.mark.parametrize("value", ["*", "https://hooks.internal", "hooks.internal:8443", "10.0.0.0/8", "a b"])
def test_an_entry_that_names_no_host_is_refused(home: Path, value: str) -> None:
    assert "DUNLIN_WEBHOOK_ALLOWED_HOSTS" in problems(home, DUNLIN_WEBHOOK_ALLOWED_HOSTS=value)[0]
