# All three services of the voting app on the upstream Python image. Context: app/.
ARG BASE
FROM ${BASE}

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    RES_OPTIONS="timeout:1 attempts:1"

WORKDIR /app

# Before the code, so that a change of the code does not install everything again. The health checks use curl.
COPY voting/requirements.txt ./
RUN pip install -r requirements.txt && apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

COPY voting/ ./voting/

USER 10001:10001

EXPOSE 8080

CMD ["gunicorn", "-c", "python:voting.serve", "voting.vote:create_app()"]
