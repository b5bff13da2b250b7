# The registry (distribution) on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# A number: a mounted directory of the host must belong to it.
USER 5000:5000

EXPOSE 5000

# Without a user and password the registry responds with 401, which proves that it runs.
HEALTHCHECK --interval=30s --timeout=30s --start-period=10s --retries=3 \
    CMD curl -sk --noproxy '*' --max-time 20 -o /dev/null https://127.0.0.1:5000/

ENTRYPOINT ["docker-registry"]
CMD ["serve", "/etc/docker/registry/config.yml"]
