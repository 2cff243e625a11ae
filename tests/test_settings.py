"""Settings: the defaults the house promises, and one clear line for every wrong one."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from kliping.errors import ConfigError
from kliping.settings import MIB, Settings, load


def test_the_defaults_are_those_of_the_house() -> None:
    """House, section 7, line by line. The one place where the figures stand twice, so that none changes unseen."""
    settings = load({})
    promised = {
        "dns_timeout": 3,
        "connect_timeout": 5,
        "read_timeout": 20,
        "exchange_timeout": 60,
        "redirects": 5,
        "feed_wire_bytes": 10 * MIB,
        "feed_bytes": 20 * MIB,
        "page_wire_bytes": 5 * MIB,
        "page_bytes": 10 * MIB,
        "entries_per_poll": 2_000,
        "pages_per_poll": 50,
        "html_cpu": 2,
        "feed_cpu": 10,
        "child_memory": 768 * MIB,
        "polls_per_day": 48,
        "poll_first": 30 * 60,
        "poll_least": 5 * 60,
        "poll_most": 24 * 3600,
        "poll_jitter": 0.1,
        "host_spacing": 2,
        "fetches_per_address": 4,
        "fetches": 100,
        "host_lease": 90,
        "visit_length": 120,
        "statement_timeout": 15,
        "lock_timeout": 5,
        "idle_timeout": 30,
        "graceful_stop": 30,
        "dispatch_hosts": 1_000,
        "chunks": 24,
        "tick": 5,
        "http_host": "127.0.0.1",
        "allow_networks": (),
        "contact": None,
        "database_url": None,
    }
    assert {name: getattr(settings, name) for name in promised} == promised


def test_every_setting_says_what_it_is_or_is_named_by_its_unit() -> None:
    plain = ("_timeout", "_bytes", "redirects", "_memory", "_least", "_most", "_per_poll", "_stop", "_host", "_format")
    silent = [
        name for name, field in Settings.model_fields.items() if not field.description and not name.endswith(plain)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"KLIPING_HOST_SPACNG": "1"}, "KLIPING_HOST_SPACNG"),
        ({"KLIPING_": "1"}, "KLIPING_"),
        ({"KLIPING_FETCHES": "many"}, "KLIPING_FETCHES"),
        ({"KLIPING_FETCHES": "0"}, "KLIPING_FETCHES"),
        ({"KLIPING_CHILDREN": "100000"}, "KLIPING_CHILDREN"),
        ({"KLIPING_TICK": "inf"}, "KLIPING_TICK"),
        ({"KLIPING_CONTACT": "saya@contoh.example\r\nX: y"}, "KLIPING_CONTACT"),
        ({"KLIPING_CHUNKS": "19"}, "KLIPING_CHUNKS"),
        ({"KLIPING_HOST_SPACING": "-1"}, "KLIPING_HOST_SPACING"),
        ({"KLIPING_HTTP_PORT": "65536"}, "KLIPING_HTTP_PORT"),
        ({"KLIPING_LOG_FORMAT": "xml"}, "KLIPING_LOG_FORMAT"),
        ({"KLIPING_ALLOW_NETWORKS": "127.0.0.1/8"}, "KLIPING_ALLOW_NETWORKS"),
        ({"KLIPING_ALLOW_NETWORKS": "localhost"}, "KLIPING_ALLOW_NETWORKS"),
        ({"KLIPING_POLL_JITTER": "1"}, "KLIPING_POLL_JITTER"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_names_in_the_environment_are_none_of_our_business() -> None:
    assert load({"PATH": "/bin", "DATABASE_URL": "postgresql://elsewhere", "kliping_fetches": "0"}) == load({})


def test_the_environment_that_is_handed_over_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLIPING_FETCHES", "7")
    assert load({}).fetches == 100
    assert load().fetches == 7


def test_an_empty_value_is_an_unset_one() -> None:
    """Compose files pass `${KLIPING_CONTACT:-}` through."""
    assert load({"KLIPING_CONTACT": "", "KLIPING_DATABASE_URL": "", "KLIPING_ALLOW_NETWORKS": ""}) == load({})


def test_networks_are_a_comma_separated_list() -> None:
    settings = load({"KLIPING_ALLOW_NETWORKS": "127.0.0.0/8, ::1/128,"})
    assert settings.allow_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def test_the_database_url_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://kliping:rahasia@postgres/kliping\n", "utf-8")
    settings = load({"KLIPING_DATABASE_URL_FILE": str(secret)})
    assert settings.database_dsn() == "postgresql://kliping:rahasia@postgres/kliping"


def test_the_url_itself_is_stronger_than_the_file(tmp_path: Path) -> None:
    settings = load(
        {"KLIPING_DATABASE_URL": "postgresql:///kliping", "KLIPING_DATABASE_URL_FILE": str(tmp_path / "no")}
    )
    assert settings.database_dsn() == "postgresql:///kliping"


def test_a_missing_secret_file_is_one_clear_line(tmp_path: Path) -> None:
    settings = load({"KLIPING_DATABASE_URL_FILE": str(tmp_path / "nowhere")})
    with pytest.raises(ConfigError, match=r"KLIPING_DATABASE_URL_FILE: .*nowhere: No such file"):
        settings.database_dsn()


def test_without_a_database_the_embedded_one_is_meant() -> None:
    assert load({}).database_dsn() is None


def test_the_password_does_not_show() -> None:
    settings = load({"KLIPING_DATABASE_URL": "postgresql://kliping:rahasia@postgres/kliping"})
    assert "rahasia" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_no_contact_is_invented() -> None:
    assert load({}).user_agent("0.1.0") == "kliping/0.1.0"
    contact = load({"KLIPING_CONTACT": "https://example.org/bot"})
    assert contact.user_agent("0.1.0") == "kliping/0.1.0 (+https://example.org/bot)"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load({}).fetches = 1  # type: ignore[misc]
