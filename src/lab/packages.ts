/** The Debian packages that the machine needs to make a lab. */
export const labPackages: string[] = ['mmdebstrap', 'iproute2', 'iptables', 'openssh-client', 'util-linux', 'mount', 'e2fsprogs']
