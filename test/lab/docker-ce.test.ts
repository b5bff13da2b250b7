import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { story } from '../support/story.ts'
import { dockerRepository, type DockerRepository } from './docker-repository.ts'
import { machineState, sshTo } from './machine.ts'

/*
 * Docker from a repository like Docker's own: on Debian, over Docker of the distribution; and on two nodes whose
 * os-release is that of Ubuntu, as no Ubuntu mirror can be assumed.
 */

const LAB = ['-i', 'test/lab/docker-ce.yaml', '--yes']
const NODES = {
  node1: { address: '10.86.0.11', suite: 'linux/debian bookworm', osRelease: undefined },
  node2: { address: '10.86.0.12', suite: 'linux/ubuntu jammy', osRelease: 'ubuntu-22.04' },
  node3: { address: '10.86.0.13', suite: 'linux/ubuntu noble', osRelease: 'ubuntu-24.04' },
} as const
const DOCKERS_KEY = '9DC858229FC7DD38854AE2D88D81803C0EBFCD88'

const osRelease = (name: string): string =>
  readFileSync(new URL(`../fixtures/os-release/${name}`, import.meta.url), 'base64')

const lab = (word: string) => runPlaybook('playbooks/lab.mjs', [word, ...LAB])
const ssh = sshTo('/var/lib/labbook/lbce')
const onEach = (command: string): Record<string, string> =>
  Object.fromEntries(Object.entries(NODES).map(([node, { address }]) => [node, ssh.run(address, command)]))

async function succeeds(t: Test, step: ReturnType<typeof runPlaybook>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0, 'the run succeeds')) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

/** The number of changes of the newest run on each node. */
const changes = (): Record<string, number> => {
  const { hosts } = latestRun().summary()
  return Object.fromEntries(Object.keys(NODES).map((node) => [node, hosts[node]?.changed ?? -1]))
}

await lab('down') // leftovers of a killed test
const before = machineState('lbce')
const directory = mkdtempSync(path.join(tmpdir(), 'labbook-docker-'))
let repository: DockerRepository | undefined
t.teardown(async () => {
  await repository?.close()
  rmSync(directory, { recursive: true, force: true })
  await lab('down')
})

const swarm = (...more: string[]) =>
  runPlaybook('playbooks/swarm.mjs', [...LAB, '-e', `docker_repo_url=${String(repository?.url)}`, ...more])
const trusted = (): string[] => ['-e', `docker_repo_fingerprint=${String(repository?.fingerprint)}`]

const step = story(t)
const UP = 'three machines and a repository'
const INSTALLED = 'Docker CE is installed from the repository, and forms a Swarm'

void step(UP, async (t) => {
  await succeeds(t, lab('up'))
  repository = await dockerRepository(directory, '10.86.0.1')
  const ca = Buffer.from(repository.ca).toString('base64')
  onEach(`echo ${ca} | base64 -d | sudo tee /usr/local/share/ca-certificates/test.crt && sudo update-ca-certificates`)
  for (const { address, osRelease: of } of Object.values(NODES)) {
    if (of === undefined) continue
    ssh.run(address, `echo ${osRelease(of)} | base64 -d | sudo tee /usr/lib/os-release`)
  }
})

void step(
  'a key without the fingerprint is rejected, and nothing is installed',
  async (t) => {
    const { exitCode } = await swarm()
    t.equal(exitCode, 2)
    const failed = latestRun().events.flatMap((event) =>
      event.type === 'result' && event.status === 'failed' ? [[event.host, event.message]] : [],
    )
    const message = (directory: string): string =>
      `the key at ${String(repository?.url)}/${directory}/gpg has fingerprint ${String(repository?.fingerprint)}, not Docker's ${DOCKERS_KEY}: not trusted, nothing installed`
    t.same(failed.sort(), [
      ['node1', message('debian')],
      ['node2', message('ubuntu')],
      ['node3', message('ubuntu')],
    ])
    const nothing = 'command -v dockerd; ls /etc/apt/keyrings /etc/apt/sources.list.d | grep -i docker; true'
    t.same(onEach(nothing), { node1: '', node2: '', node3: '' })
  },
  [UP],
)

void step(
  INSTALLED,
  async (t) => {
    await succeeds(t, runPlaybook('playbooks/docker.mjs', [...LAB, '--limit', 'node1', '-e', 'docker_source=distro']))
    t.match(ssh.run(NODES.node1.address, 'dpkg-query -W docker.io'), /^docker\.io\t/, 'node1 has that of Debian')
    await succeeds(t, swarm(...trusted()))
    const packages = "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' docker-ce docker-ce-cli containerd.io | sort"
    for (const [node, found] of Object.entries(onEach(packages)))
      t.equal(found, 'ii  containerd.io\nii  docker-ce\nii  docker-ce-cli', node)
    for (const [node, policy] of Object.entries(onEach('apt-cache policy docker-ce'))) {
      const [site = '', suite = ''] = NODES[node as keyof typeof NODES].suite.split(' ')
      t.match(policy, `${String(repository?.url).replace(/linux$/, site)} ${suite}/stable`, node)
    }
    t.notMatch(ssh.run(NODES.node1.address, 'dpkg --get-selections'), /^(docker\.io|runc)\s+install/m, 'not both')
    const nodes = ssh.run(NODES.node1.address, "sudo docker node ls --format '{{.Hostname}} {{.Status}}' | sort")
    t.equal(nodes, 'node1 Ready\nnode2 Ready\nnode3 Ready')
    t.same(
      [...new Set(repository?.requests)].filter((url) => /\/gpg$|\/InRelease$/.test(url)).sort(),
      [
        'debian/dists/bookworm/InRelease',
        'debian/gpg',
        'ubuntu/dists/jammy/InRelease',
        'ubuntu/dists/noble/InRelease',
        'ubuntu/gpg',
      ].map((name) => `/linux/${name}`),
      'each distribution and release has its place',
    )
  },
  [UP],
)

void step(
  'a second run changes nothing, and does not need the repository',
  async (t) => {
    await repository?.close()
    await succeeds(t, swarm(...trusted(), '--check'))
    t.same(changes(), { node1: 0, node2: 0, node3: 0 }, 'check mode predicts no change')
    await succeeds(t, swarm(...trusted()))
    t.same(changes(), { node1: 0, node2: 0, node3: 0 })
  },
  [INSTALLED],
)

void step('lab.mjs down restores the machine', async (t) => {
  await succeeds(t, lab('down'))
  t.same(machineState('lbce'), before)
})
