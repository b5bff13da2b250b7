# A greeting, to test a registry, on a root file system of Debian packages (rootfs.sh).
# Context: app/. Needs no network and runs nothing.
ARG BASE=labbook/debian-core
FROM ${BASE}

COPY images/hello.txt /hello.txt

USER 65534:65534

CMD ["cat", "/hello.txt"]
