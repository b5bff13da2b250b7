# Redis on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

COPY images/redis.conf /etc/redis/counter.conf
COPY images/redis.sh images/redis-admin.sh /usr/local/bin/

# The package created this directory for this user; a new volume here gets the same owner.
WORKDIR /var/lib/redis

USER redis

EXPOSE 6379

# redis-cli also exits with 0 on an error reply, so the reply is compared.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD redis-cli ping | grep -q PONG

# A single server without a password. The Counter's stack uses "redis.sh ROLE" instead.
CMD ["redis-server", "/etc/redis/counter.conf"]
