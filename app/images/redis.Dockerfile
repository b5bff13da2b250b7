# Redis on a root made of Debian packages (rootfs.sh). Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

COPY images/redis.conf /etc/redis/counter.conf
COPY images/redis.sh images/redis-admin.sh /usr/local/bin/

# The package made this folder for this user; a volume mounted here starts with the same owner.
WORKDIR /var/lib/redis

USER redis

EXPOSE 6379

# redis-cli exits 0 on an error reply as well, so the reply itself is looked at.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD redis-cli ping | grep -q PONG

# One server without a password, for stacks that have one alone. The Counter's stack says "redis.sh ROLE" instead.
CMD ["redis-server", "/etc/redis/counter.conf"]
