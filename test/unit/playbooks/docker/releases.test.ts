import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { docker } from '../../../../playbooks/docker/docker.ts'
import { packagesOfNode } from '../../../../playbooks/docker/packages.ts'
import { FACTS_SCRIPT, parseFacts } from '../../../../src/modules/support/facts.ts'
import { flattenTasks } from '../../../../src/playbook/play.ts'
import { runIn, shells } from '../../../support/shells.ts'

/* What the Docker play installs on hosts with the os-release of several distributions. */

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/os-release/${name}`, import.meta.url))

/** The facts of a host with this os-release, gathered by the script of gather_facts. */
const factsOf = (name: string, shell: (typeof shells)[number] = shells[0]) =>
  parseFacts(runIn(shell, FACTS_SCRIPT.replaceAll('/etc/os-release', fixture(name))).stdout)

const tasks = (facts: object, source: string) =>
  flattenTasks(
    docker.tasks({
      host: 'node1',
      vars: { docker_source: source },
      varsWith: (more) => more,
      facts: { ...facts },
      groups: {},
      hostvars: () => ({}),
      check: false,
    }),
  )

const OWN = ['docker.io', 'curl']
const WITH_CLIENT = ['docker.io', 'docker-cli', 'curl']
const HOSTS = {
  'debian-11': { facts: ['Debian', 'bullseye', '11'], packages: OWN, suite: 'debian bullseye' },
  'debian-12': { facts: ['Debian', 'bookworm', '12'], packages: OWN, suite: 'debian bookworm' },
  'debian-13': { facts: ['Debian', 'trixie', '13'], packages: WITH_CLIENT, suite: 'debian trixie' },
  'ubuntu-22.04': { facts: ['Ubuntu', 'jammy', '22.04'], packages: OWN, suite: 'ubuntu jammy' },
  'ubuntu-24.04': { facts: ['Ubuntu', 'noble', '24.04'], packages: OWN, suite: 'ubuntu noble' },
  'linuxmint-22': { facts: ['linuxmint', 'wilma', '22'], packages: OWN, suite: undefined },
} as const

for (const [name, { facts: expected, packages, suite }] of Object.entries(HOSTS))
  await t.test(`docker on ${name}`, async (t) => {
    for (const shell of shells) {
      const { distribution, distribution_release, distribution_version, os_family } = factsOf(name, shell)
      t.same([distribution, distribution_release, distribution_version], expected, shell.name)
      t.equal(os_family, 'Debian', shell.name)
    }
    const facts = factsOf(name)
    const install = tasks(facts, 'distro').find(({ title }) => title === 'Install Docker')
    t.match(install?.params, { name: packages }, 'the packages of the distribution')
    if (suite === undefined) {
      t.throws(() => tasks(facts, 'docker-ce'), /supports Debian, Ubuntu and the Fedora family, not linuxmint/)
      return
    }
    const [directory, codename] = suite.split(' ')
    const ce = tasks(facts, 'docker-ce')
    t.match(
      ce.find(({ title }) => title === 'Add Docker repository')?.params.content,
      `URIs: https://download.docker.com/linux/${directory}\nSuites: ${codename}\n`,
    )
    t.match(ce.find(({ title }) => title === 'Install Docker')?.params, {
      name: ['docker-ce', 'docker-ce-cli', 'containerd.io'],
    })
    t.same(
      packagesOfNode({}, readFileSync(fixture(name), 'utf8')),
      packages,
      'the packages that lab nodes have at hand',
    )
  })
