"""The container files keep what they promise: read as text, since no daemon is needed to see a missing key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import kliping
from kliping.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
OURS = ("migrate", "service", "worker")


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of the Dockerfile in order, continuation lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def last_stage() -> list[tuple[str, str]]:
    steps = instructions()
    return steps[max(i for i, (word, _) in enumerate(steps) if word == "FROM") :]


def seconds(text: str) -> int:
    number, unit = int(text[:-1]), text[-1]
    return number * {"s": 1, "m": 60}[unit]


def test_the_services_are_the_four() -> None:
    assert set(SERVICES) == {"postgres", *OURS}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_held_tight(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is True
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert service["init"] is True
    assert service["pids_limit"] <= 512
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert not {"privileged", "network_mode", "pid", "ipc", "devices", "user"} & set(service)


@pytest.mark.parametrize("name", SERVICES)
def test_no_port_is_published(name: str) -> None:
    assert "ports" not in SERVICES[name]


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_no_capability_at_all(name: str) -> None:
    assert "cap_add" not in SERVICES[name]


def test_postgres_has_only_what_its_entrypoint_needs() -> None:
    assert set(SERVICES["postgres"]["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}


def test_postgres_is_the_official_image_with_its_data_in_a_volume() -> None:
    postgres = SERVICES["postgres"]
    major = re.fullmatch(r"postgres:(\d+)-\w+", postgres["image"])
    assert major
    assert 15 <= int(major[1]) <= 17  # from 18 on the image keeps its data elsewhere
    (volume,) = postgres["volumes"]
    name, target = volume.split(":")
    assert target == "/var/lib/postgresql/data"
    assert name in COMPOSE["volumes"]


def test_postgres_is_reached_from_inside_only() -> None:
    assert SERVICES["postgres"]["networks"] == ["database"]
    assert COMPOSE["networks"]["database"] == {"internal": True}
    assert "outside" in SERVICES["service"]["networks"]


def test_postgres_is_healthy_before_the_migration_and_that_is_done_before_the_service() -> None:
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("service", "worker"):
        waits = {other: on["condition"] for other, on in SERVICES[name]["depends_on"].items()}
        assert waits == {"postgres": "service_healthy", "migrate": "service_completed_successfully"}


def test_each_container_runs_its_command() -> None:
    commands = {name: SERVICES[name]["command"] for name in OURS}
    assert commands == {"migrate": ["db", "upgrade"], "service": ["run"], "worker": ["worker"]}
    assert SERVICES["worker"]["profiles"] == ["workers"]
    assert not {name for name in ("postgres", "migrate", "service") if "profiles" in SERVICES[name]}


@pytest.mark.parametrize("name", ["service", "worker", "postgres"])
def test_a_stop_leaves_time_to_finish(name: str) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) == 45
    assert Settings.model_fields["graceful_stop"].default + 10 < 45
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_memory_is_enough_for_the_parsing_children() -> None:
    children = Settings.model_fields["children"].default * Settings.model_fields["child_memory"].default
    assert children < int(SERVICES["service"]["mem_limit"].removesuffix("g")) * 1024**3


def test_secrets_come_from_files_and_no_password_stands_in_the_environment() -> None:
    assert {name: secret["file"] for name, secret in COMPOSE["secrets"].items()} == {
        "database_url": "./secrets/database_url",
        "postgres_password": "./secrets/postgres_password",
    }
    for name in OURS:
        assert SERVICES[name]["secrets"] == ["database_url"]
        assert SERVICES[name]["environment"]["KLIPING_DATABASE_URL_FILE"] == "/run/secrets/database_url"
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    everything = {key for service in SERVICES.values() for key in service["environment"]}
    assert not {"KLIPING_DATABASE_URL", "POSTGRES_PASSWORD"} & everything
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_every_kliping_name_in_the_container_files_is_a_setting() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8") + DOCKERFILE
    names = {name.lower() for name in re.findall(r"\bKLIPING_([A-Z_]+)", text)}
    assert names
    assert names <= set(Settings.model_fields)


def test_the_image_carries_the_version() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {f"kliping:{kliping.__version__}"}


def test_the_image_has_two_stages_on_one_pinned_base() -> None:
    steps = instructions()
    assert steps[0] == ("ARG", "PYTHON=python:3.12-slim-bookworm")
    assert [rest for word, rest in steps if word == "FROM"] == ["${PYTHON} AS build", "${PYTHON} AS service"]


def test_what_is_installed_is_pinned_by_hash() -> None:
    installs = [
        command
        for word, rest in instructions()
        if word == "RUN"
        for command in re.findall(r"pip install ([^&]+)", rest)
    ]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes -r requirements" in command or "--no-deps --no-index /dist/" in command


def test_the_last_stage_takes_over_the_environment_and_installs_nothing() -> None:
    stage = last_stage()
    assert [rest for word, rest in stage if word in {"COPY", "ADD"}] == ["--from=build /venv /venv"]
    assert not any("pip" in rest or "apt-get" in rest for word, rest in stage if word == "RUN")


def test_the_service_is_a_numeric_user_and_not_root() -> None:
    users = [rest for word, rest in last_stage() if word == "USER"]
    assert users == ["10001:10001"]


def test_the_image_stops_and_answers_as_the_service_does() -> None:
    stage = dict(last_stage())
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["ENTRYPOINT"] == '["kliping"]'
    assert stage["VOLUME"] == "/data"
    assert "PYTHONDONTWRITEBYTECODE=1" in stage["ENV"]
    check = stage["HEALTHCHECK"]
    assert "/healthz" in check
    assert f"'{Settings.model_fields['http_host'].default}', {Settings.model_fields['http_port'].default}" in check


def test_the_build_context_is_what_the_wheel_needs() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    rooms = {"kliping", "parsers", "ingest", "db", "console", "cli", "scheduler.py", "service.py"}
    assert let_in == rooms | {"pyproject.toml", "README.md", "LICENSE", "requirements.lock", "requirements-build.lock"}
    assert not [name for name in let_in if not (ROOT / name).exists()]
