import t from 'tap'
import { distroPackages, packagesOfNode } from '../../../../playbooks/docker/packages.ts'

t.test("Docker's client is in a separate package from Debian 13 on", async (t) => {
  const rows: [distribution: string, release: string, client: boolean][] = [
    ['Debian', 'bullseye', false],
    ['Debian', 'bookworm', false],
    ['Debian', 'trixie', true],
    ['Debian', 'forky', true],
    ['Debian', '', false],
    ['Ubuntu', 'noble', false],
  ]
  for (const [distribution, release, client] of rows) {
    const expected = client ? ['docker.io', 'docker-cli', 'curl'] : ['docker.io', 'curl']
    t.same(distroPackages({ distribution, release }), expected, `${distribution} ${release}`)
  }
})

t.test('lab nodes have the release of lab_release, or of this machine', async (t) => {
  const bookworm = 'ID=debian\nVERSION_CODENAME=bookworm\n'
  t.same(packagesOfNode({}, bookworm), ['docker.io', 'curl'])
  t.same(packagesOfNode({ lab_release: 'trixie' }, bookworm), ['docker.io', 'docker-cli', 'curl'])
  t.same(packagesOfNode({}, 'ID=debian\nVERSION_CODENAME="trixie"\n'), ['docker.io', 'docker-cli', 'curl'])
  t.same(packagesOfNode({}, 'ID=ubuntu\nVERSION_CODENAME=noble\n'), ['docker.io', 'curl'])
  t.same(packagesOfNode({ docker_source: 'docker-ce' }, bookworm), [])
})
