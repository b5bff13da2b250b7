/** Debian packages that this machine needs for a lab and for registry certificates. */
export const labPackages: string[] = [
  'mmdebstrap',
  'iproute2',
  'iptables',
  'openssh-client',
  'openssl',
  'procps',
  'util-linux',
  'mount',
  'e2fsprogs',
]
