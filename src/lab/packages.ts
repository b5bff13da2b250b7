/** The Debian packages that the machine needs to make a lab, and the certificates of its registry. */
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
