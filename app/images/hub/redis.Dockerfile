# Redis on the upstream image. Context: app/.
ARG BASE
FROM ${BASE}

COPY images/redis.conf /etc/redis/counter.conf
COPY images/redis.sh images/redis-admin.sh /usr/local/bin/

# A new volume here gets the same owner.
RUN mkdir -p /var/lib/redis && chown redis:redis /var/lib/redis
WORKDIR /var/lib/redis

USER redis

EXPOSE 6379

# redis-cli also exits with 0 on an error reply, so the reply is compared.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD redis-cli ping | grep -q PONG

# A single server without a password. The Counter's stack uses "redis.sh ROLE" instead.
CMD ["redis-server", "/etc/redis/counter.conf"]
