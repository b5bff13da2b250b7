# The Counter app on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

# RES_OPTIONS: a name that Docker's DNS does not know fails after one second instead of ten.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORT=8080 \
    RES_OPTIONS="timeout:1 attempts:1"

WORKDIR /app

COPY gunicorn.conf.py health.sh ./
COPY counter/ ./counter/

# A number needs no entry in /etc/passwd.
USER 10001:10001

EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/app/health.sh"]

CMD ["gunicorn"]
