# All three parts of the voting app on a root made of Debian packages (rootfs.sh). Context: app/. Needs no network and runs
# nothing. Which part it is, says the stack's "command".
ARG BASE=labbook/debian-extra
FROM ${BASE}

# RES_OPTIONS: a name that Docker's DNS does not know must fail in a second, not in ten.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RES_OPTIONS="timeout:1 attempts:1"

WORKDIR /app

COPY voting/ ./voting/

# By number: no entry in /etc/passwd is needed, and it owns nothing here.
USER 10001:10001

EXPOSE 8080

CMD ["gunicorn", "-c", "python:voting.serve", "voting.vote:create_app()"]
