# syntax=docker/dockerfile:1
# Two stages: the first makes a virtual environment from hashes, the second holds it and nothing that could change it.
#
# The base is named by tag, so that a rebuild brings Debian's fixes. To build the same bytes for ever, pin its digest:
# `docker build --build-arg PYTHON=python:3.12-slim-bookworm@sha256:...`.
ARG PYTHON=python:3.12-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --require-hashes -r requirements.lock \
 && python -m venv /tools \
 && /tools/bin/python -m pip install --require-hashes -r requirements-build.lock
COPY . .
RUN /tools/bin/python -m hatchling build --target wheel --directory /dist \
 && /venv/bin/python -m pip install --no-deps --no-index /dist/*.whl

FROM ${PYTHON} AS service
LABEL org.opencontainers.image.title="kliping" \
      org.opencontainers.image.description="A clean, deduplicated, dated archive of Indonesian news blogs in Postgres" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /venv /venv
# Nothing is written but /data (the embedded Postgres, when no database is given) and /tmp. A number for a user, so that
# an orchestrator can see that it is not root; it has a passwd entry because initdb asks for one.
RUN groupadd --gid 10001 kliping \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin kliping \
 && install -d -o 10001 -g 10001 -m 0700 /data
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 KLIPING_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# The service answers on loopback only, so the question is asked from inside.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8765, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["kliping"]
CMD ["run"]
