# PostgreSQL for the voting app on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-extra
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8

COPY images/voting-db.sh /usr/local/bin/

# rootfs.sh created this directory for this user; a new volume here gets the same owner.
WORKDIR /var/lib/postgresql

USER postgres

EXPOSE 5432

HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done; pg_isready -q -h 127.0.0.1 -U voting -d voting

# INT is a fast shutdown: TERM would wait for all clients to disconnect.
STOPSIGNAL SIGINT

CMD ["voting-db.sh"]
