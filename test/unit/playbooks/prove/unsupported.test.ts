import t from 'tap'
import { unsupportedKinds } from '../../../../playbooks/prove/unsupported.ts'
import { inEnglish } from '../../../support/in-english.ts'

type On = Parameters<typeof unsupportedKinds>[0]

/** Two workers and a manager whose commands print this. */
const cluster = (print: (host: string, command: string) => string): On =>
  ({
    groups: { swarm: ['node1', 'node2', 'node3'], swarm_workers: ['node2', 'node3'] },
    hostvars: () => ({}),
    exec: async ({ host, command }: { host: string; command: string }) => {
      const stdout = print(host, command)
      return { stdout, exitCode: stdout.startsWith('cannot') ? 1 : 0 }
    },
  }) as unknown as On

const NTP = 'NTP=yes\nNTPSynchronized=yes\n'
const clock = async (kernels: Readonly<Record<string, string>>, ntp = 'NTP=no\n'): Promise<unknown> => {
  const on = cluster((host, command) =>
    command.startsWith('timedatectl') ? ntp : (kernels[host] ?? `boot-${host}\nnone\n`),
  )
  return inEnglish((await unsupportedKinds(on, ['clock-step']))['clock-step'])
}

t.test('the clock of a node is not changed if another machine has the same', async (t) => {
  t.equal(await clock({}), undefined)
  t.match(await clock({ node3: 'boot-controller\nnone\n' }), /^node3 shares the kernel, .* with this machine/)
  t.match(await clock({ node3: 'boot-node2\nnone\n' }), /^node3 shares the kernel, .* with node2/)
  t.match(
    await clock({ node2: 'boot-x\nsystemd-nspawn\n' }),
    /^node2 shares the kernel, .* with the host of the container/,
  )
  t.match(await clock({ node2: '' }), /^the boot ID of node2 cannot be read/)
  t.equal(await clock({ controller: 'boot-x\ndocker\n' }), undefined, 'Labbook itself may run in a container')
  t.match(await clock({}, NTP), /^NTP sets the clock of node2 right/)
})

t.test('a kernel without netem is named', async (t) => {
  const on = (stdout: string): On => cluster(() => stdout)
  t.same(inEnglish(await unsupportedKinds(on('cannot find netem\n'), ['slow-network'])), {
    'slow-network': 'the kernel of node2 has no netem (cannot find netem)',
  })
  t.same(await unsupportedKinds(on(''), ['slow-network', 'kill']), {})
})

t.test('every worker is asked, as any may be disturbed', async (t) => {
  const first = cluster((host, command) => {
    if (command.includes('boot_id')) return `boot-${host}\nnone\n`
    if (command.startsWith('timedatectl')) return host === 'node2' ? NTP : 'NTP=no\n'
    return host === 'node2' ? 'cannot find netem\n' : ''
  })
  t.match(inEnglish(await unsupportedKinds(first, ['slow-network', 'clock-step'])), {
    'slow-network': /node2 has no netem/,
    'clock-step': /clock of node2/,
  })
})

t.test('a disk of this machine is never filled', async (t) => {
  const disk = async (kernel: string, device: string, type = 'ext2/ext3'): Promise<unknown> => {
    const on = cluster((host, command) => {
      if (command.includes('boot_id')) return host === 'node2' ? kernel : `boot-${host}\nnone\n`
      return host === 'controller' ? '2049\n64\n' : host === 'node2' ? `${device}${type}\n` : '99\nxfs\n'
    })
    return inEnglish((await unsupportedKinds(on, ['full-disk']))['full-disk'])
  }
  t.equal(await disk('boot-node2\nnone\n', '2049\n'), undefined, 'another machine')
  t.match(await disk('boot-controller\nnone\n', '2049\n'), /^node2 shares a disk with this machine/)
  t.match(await disk('boot-x\nsystemd-nspawn\n', '64\n'), /^node2 shares a disk/)
  t.match(await disk('', '64\n'), /^node2 shares a disk/)
  t.match(await disk('boot-controller\nnone\n', '', ''), /^node2 shares a disk/, 'the device is not known')
  t.equal(await disk('boot-controller\nnone\n', '77\n'), undefined, 'a separate disk')
  for (const type of ['btrfs', 'overlayfs', 'zfs', 'tmpfs'])
    t.match(
      await disk('boot-controller\nnone\n', '77\n', type),
      `Docker's data on node2 is on ${type}, which may share a disk`,
      'another number on the same disk',
    )
})
