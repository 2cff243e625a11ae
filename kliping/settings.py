"""Every setting of kliping, read from the environment as KLIPING_NAME.

An unknown KLIPING_ name or a bad value stops the start with one clear line. A secret may come from a file:
KLIPING_DATABASE_URL_FILE names a file that holds the URL.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from kliping.errors import ConfigError
from kliping.limits import CHILD_MEMORY, CHILDREN, HTML_CPU, MIB, PAGE_BYTES

__all__ = ["MIB", "PREFIX", "Settings", "default_data_dir", "load"]

PREFIX = "KLIPING_"


def default_data_dir() -> Path:
    """Where the embedded Postgres keeps its data: a place the database user can reach when we are root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/kliping")
    return user_data_path("kliping")


class Settings(BaseSettings):
    """All settings with their defaults (house, section 7). Seconds, bytes and counts unless a name says otherwise."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    database_url: SecretStr | None = Field(None, description="Postgres 15+; unset runs a private embedded one")
    database_url_file: Path | None = Field(None, description="a file that holds the database URL")
    data_dir: Path = Field(default_factory=default_data_dir, description="data of the embedded Postgres")
    pg_bin: Path | None = Field(None, description="folder with postgres and initdb, instead of the bundled ones")

    default_feeds: bool = Field(True, description="whether a database without feeds is given the curated list")
    contact: str | None = Field(
        None, pattern=r"^[\x20-\x7e]{1,200}$", description="address or page for webmasters, shown in the User-Agent"
    )
    allow_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="networks reachable beside the public ones, comma-separated (tests, demo, benches)"
    )
    host_spacing: float = Field(2.0, ge=0, description="seconds between starts of requests to one host")
    host_lease: float = Field(90.0, gt=0, description="seconds a host stays leased without renewal")
    visit_length: float = Field(120.0, gt=0, description="seconds a visit may take; the host is then due again at once")
    fetches: int = Field(100, ge=1, le=10_000, description="requests in flight in one worker")
    fetches_per_address: int = Field(4, ge=1, description="requests in flight to one address")
    fetches_per_pool: int = Field(8, ge=1, description="requests in flight to one shared platform (blogspot.com, ...)")
    pool_starts: float = Field(10.0, gt=0, description="starts of requests to one shared platform in a second")
    chunks: int = Field(24, ge=20, le=1000, description="visit jobs that run at once in one worker")

    dns_timeout: float = Field(3.0, gt=0)
    connect_timeout: float = Field(5.0, gt=0)
    read_timeout: float = Field(20.0, gt=0, description="longest gap between reads")
    exchange_timeout: float = Field(60.0, gt=0, description="whole exchange with its redirects")
    redirects: int = Field(5, ge=0)
    feed_wire_bytes: int = Field(10 * MIB, gt=0)
    feed_bytes: int = Field(20 * MIB, gt=0)
    page_wire_bytes: int = Field(5 * MIB, gt=0)
    page_bytes: int = Field(PAGE_BYTES, gt=0)
    entries_per_poll: int = Field(2000, ge=1, description="the newest are taken, the rest counted")
    pages_per_poll: int = Field(50, ge=1)

    html_cpu: float = Field(HTML_CPU, gt=0, description="CPU seconds for one page in a parsing child")
    feed_cpu: float = Field(10.0, gt=0, description="CPU seconds for one feed in a parsing child")
    child_memory: int = Field(CHILD_MEMORY, gt=0)
    children: int = Field(CHILDREN, ge=1, le=256, description="parsing children")

    polls_per_day: float = Field(48.0, gt=0, description="polls a day per feed, in the mean over all feeds")
    poll_first: float = Field(1800.0, gt=0, description="interval of a new feed")
    poll_least: float = Field(300.0, gt=0)
    poll_most: float = Field(86400.0, gt=0)
    poll_jitter: float = Field(0.1, ge=0, lt=1, description="share of the interval, stable per feed")

    tick: float = Field(5.0, gt=0, description="seconds between dispatches")
    dispatch_hosts: int = Field(1000, ge=1, description="hosts leased in one tick")
    statement_timeout: float = Field(15.0, gt=0)
    lock_timeout: float = Field(5.0, gt=0)
    idle_timeout: float = Field(30.0, gt=0, description="idle in transaction")
    graceful_stop: float = Field(30.0, gt=0)

    http_host: str = Field("127.0.0.1", description="address of /healthz and /metrics")
    http_port: int = Field(8765, ge=0, le=65535, description="0 takes a free port; it is logged")
    websub_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]{1,500}$",
        description="public address in front of the HTTP port's /websub/, without that path; unset, no hub is asked",
    )
    log_format: str = Field("auto", pattern="^(auto|json|console)$")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has read the environment already, and a test may have brought its own."""
        return (init_settings,)

    @field_validator("websub_url")
    @classmethod
    def _base(cls, value: str | None) -> str | None:
        """Without the path that is ours to add."""
        return value.rstrip("/").removesuffix("/websub").rstrip("/") if value else value

    @model_validator(mode="after")
    def _ordered(self) -> Settings:
        if self.poll_least > self.poll_most:
            raise ValueError(f"{PREFIX}POLL_LEAST is above {PREFIX}POLL_MOST")
        return self

    @field_validator("allow_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    def database_dsn(self) -> str | None:
        """The configured database URL, or None when the embedded Postgres is to be used."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        if self.database_url_file is None:
            return None
        try:
            url = self.database_url_file.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(f"KLIPING_DATABASE_URL_FILE: {self.database_url_file}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ConfigError(f"KLIPING_DATABASE_URL_FILE: {self.database_url_file}: not UTF-8 text") from None
        if not url:
            raise ConfigError(f"KLIPING_DATABASE_URL_FILE: {self.database_url_file} is empty")
        return url

    def user_agent(self, version: str) -> str:
        """kliping/VERSION (+CONTACT); no contact is invented."""
        return f"kliping/{version} (+{self.contact})" if self.contact else f"kliping/{version}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises ConfigError with one line that names the setting at fault."""
    environ = os.environ if environ is None else environ
    given = {name[len(PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise ConfigError(f"unknown setting {PREFIX}{unknown[0].upper()}")
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise ConfigError(f"{name}: {first['msg']}") from None
