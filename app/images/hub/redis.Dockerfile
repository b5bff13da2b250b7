# Redis on the upstream image. Context: app/.
ARG BASE
FROM ${BASE}

COPY images/redis.conf /etc/redis/counter.conf
COPY images/redis.sh images/redis-admin.sh /usr/local/bin/

# A volume mounted here starts with the same owner.
RUN mkdir -p /var/lib/redis && chown redis:redis /var/lib/redis
WORKDIR /var/lib/redis

USER redis

EXPOSE 6379

# redis-cli exits 0 on an error reply as well, so the reply itself is looked at.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD redis-cli ping | grep -q PONG

# One server without a password, for stacks that have one alone. The Counter's stack says "redis.sh ROLE" instead.
CMD ["redis-server", "/etc/redis/counter.conf"]
