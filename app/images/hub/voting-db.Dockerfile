# PostgreSQL for the voting app on the upstream image. Context: app/.
ARG BASE
FROM ${BASE}

COPY images/voting-db.sh /usr/local/bin/

# The image created this directory for this user; a new volume here gets the same owner.
WORKDIR /var/lib/postgresql

USER postgres

EXPOSE 5432

HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
    CMD for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done; pg_isready -q -h 127.0.0.1 -U voting -d voting

# INT is a fast shutdown: TERM would wait for all clients to disconnect.
STOPSIGNAL SIGINT

CMD ["voting-db.sh"]
