# A balancer, nginx or HAProxy, on the upstream nginx image. Context: app/.
ARG BASE
FROM ${BASE}

RUN apk add --no-cache haproxy curl

COPY images/balancer.sh /usr/local/bin/

USER nginx

EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD curl -fsS --noproxy '*' --max-time "${HEALTH_SECONDS:-2}" -o /dev/null http://127.0.0.1:8080/balancer/health

CMD ["balancer.sh", "nginx", "/etc/balancer.conf"]
