/** Options of the system's ssh client for the nodes of a lab: its key, and the host keys that the lab pinned. */
export const labSshOptions = (dir: string): string[] => [
  '-F',
  'none',
  '-i',
  `${dir}/id_ed25519`,
  '-o',
  `UserKnownHostsFile=${dir}/known_hosts`,
  '-o',
  'GlobalKnownHostsFile=none',
  '-o',
  'StrictHostKeyChecking=yes',
  '-o',
  'BatchMode=yes',
]
