# A balancer, nginx or HAProxy, on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
# The configuration is mounted. The stack's "command" names the balancer.
ARG BASE=labbook/debian-extra
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

COPY images/balancer.sh /usr/local/bin/

USER www-data

EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD curl -fsS --noproxy '*' --max-time "${HEALTH_SECONDS:-2}" -o /dev/null http://127.0.0.1:8080/balancer/health

CMD ["balancer.sh", "nginx", "/etc/balancer.conf"]
