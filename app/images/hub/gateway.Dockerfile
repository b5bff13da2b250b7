# The gateway on the upstream nginx image. Context: app/.
ARG BASE
FROM ${BASE}

COPY images/gateway.conf /etc/nginx/gateway.conf

USER nginx

EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD wget -q -O /dev/null http://127.0.0.1:8080/gateway/health

# QUIT lets running requests finish; TERM would cut them.
STOPSIGNAL SIGQUIT

CMD ["nginx", "-c", "/etc/nginx/gateway.conf", "-g", "daemon off;"]
