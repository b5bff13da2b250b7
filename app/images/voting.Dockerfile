# All three services of the voting app on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing. The stack's "command" names the service.
ARG BASE=labbook/debian-extra
FROM ${BASE}

# RES_OPTIONS: a name that Docker's DNS does not know fails after one second instead of ten.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RES_OPTIONS="timeout:1 attempts:1"

WORKDIR /app

COPY voting/ ./voting/

# A number needs no entry in /etc/passwd.
USER 10001:10001

EXPOSE 8080

CMD ["gunicorn", "-c", "python:voting.serve", "voting.vote:create_app()"]
