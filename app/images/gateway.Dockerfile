# The gateway (nginx) on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

COPY images/gateway.conf /etc/nginx/gateway.conf

USER www-data

EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD curl -fsS --noproxy '*' --max-time "${HEALTH_SECONDS:-2}" -o /dev/null http://127.0.0.1:8080/gateway/health

# QUIT lets running requests finish; TERM would cut them.
STOPSIGNAL SIGQUIT

CMD ["nginx", "-c", "/etc/nginx/gateway.conf", "-g", "daemon off;"]
