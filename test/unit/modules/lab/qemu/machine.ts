/** Parameters of lab_vm for one of two machines. */
export const node1 = {
  lab: 'lbtest',
  dir: '/srv/labs/vm',
  images: '/srv/labs/images',
  name: 'node1',
  address: '10.78.0.11',
  nodes: [
    { name: 'node1', address: '10.78.0.11' },
    { name: 'node2', address: '10.78.0.12' },
  ],
  ssh_port: 22_100,
  forwards: [{ guest: 8080, host: 22_101 }],
}

const running = ['folder', 'pid 4711', 'shape', 'forwards', 'pinned', 'answers']

/** What the probe of lab_vm prints for a healthy machine, without some lines. */
export const without = (...lines: string[]): string => running.filter((line) => !lines.includes(line)).join('\n')
