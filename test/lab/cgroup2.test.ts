import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { testRelease } from '../support/release.ts'

/*
 * A node on a machine with cgroup v2. Every machine can be one: its cgroup v2 hierarchy is mounted in place of the
 * others, in a mount namespace of this test. It then lacks the controllers that version 1 uses there.
 */

const LAB = { name: 'lbcgroup', address: '10.87.0.11', dir: '/var/lib/labbook/lbcgroup' }
const directory = mkdtempSync(path.join(tmpdir(), 'labbook-cgroup2-'))
const inventory = path.join(directory, 'inventory.yaml')
writeFileSync(
  inventory,
  `
all:
  hosts:
    node1: {ansible_host: ${LAB.address}}
  vars:
    ansible_user: ops
    ansible_ssh_private_key_file: ${LAB.dir}/id_ed25519
    lab_provider: namespaces
    lab_name: ${LAB.name}
    lab_dir: ${LAB.dir}
    lab_subnet: 10.87.0.0/24
    docker_source: docker-ce # no packages of Docker in the root
${testRelease === undefined ? '' : `    lab_release: ${testRelease}\n`}`,
)
t.teardown(() => {
  rmSync(directory, { recursive: true })
})

/** Runs a script on cgroup v2. `lab WORD` runs the playbook, `on COMMAND` a command on the node. */
const withCgroup2 = (script: string) =>
  spawnSync('unshare', ['--mount', '--propagation', 'private', 'bash', '-c', `${FUNCTIONS}${script}`], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  })
const FUNCTIONS = `
mount -t cgroup2 cgroup /sys/fs/cgroup || exit
lab() { node playbooks/lab.mjs "$1" -i ${inventory} --yes >&2; }
on() { ssh -F none -i ${LAB.dir}/id_ed25519 -o UserKnownHostsFile=${LAB.dir}/known_hosts -o BatchMode=yes ops@${LAB.address} "$@" </dev/null; }
`

void t.test('a node boots, restarts and is removed on cgroup v2', async (t) => {
  const { status, stdout, stderr } = withCgroup2(`
    trap 'lab down' EXIT
    lab down && lab up || exit
    echo "type $(on stat -fc %T /sys/fs/cgroup)"
    echo "system $(on systemctl is-system-running --wait)"
    echo "service $(on grep ^0:: /proc/1/cgroup)"
    on sudo systemd-run --unit=sleeper --quiet sleep 1000
    echo "group $(on 'cat /sys/fs/cgroup/system.slice/sleeper.service/cgroup.procs' | wc -l)"
    on sudo systemctl freeze sleeper && echo "frozen $(on grep frozen /sys/fs/cgroup/system.slice/sleeper.service/cgroup.events)"
    on sudo systemctl reboot; sleep 5
    lab up || exit
    echo "again $(on systemctl is-system-running --wait)"
    echo "groups $(find /sys/fs/cgroup -maxdepth 1 -name '${LAB.name}-*' | wc -l)"
    trap - EXIT
    lab down || exit
    echo "left $(find /sys/fs/cgroup -name '${LAB.name}-*' | wc -l)"
  `)
  if (!t.equal(status, 0, 'the script succeeds')) t.comment(`${stdout}\n${stderr.slice(-5000)}`)
  t.same(stdout.trim().split('\n'), [
    'type cgroup2fs',
    'system running',
    'service 0::/init.scope',
    'group 1',
    'frozen frozen 1',
    'again running',
    'groups 2',
    'left 0',
  ])
  t.notOk(existsSync(LAB.dir))
})
