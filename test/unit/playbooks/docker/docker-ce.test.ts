import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import { dockerCe } from '../../../../playbooks/docker/docker-ce.ts'
import { dockerVars } from '../../../../playbooks/docker/vars.ts'
import { flattenTasks } from '../../../../src/playbook/play.ts'

const tasks = (facts: Record<string, unknown>) =>
  flattenTasks(dockerCe(facts)).map(({ module, title, params }) => ({ module: module.name, title, params }))
const FAMILIES = {
  Debian: { os_family: 'Debian', distribution: 'Debian', distribution_release: 'bookworm' },
  Ubuntu: { os_family: 'Debian', distribution: 'Ubuntu', distribution_release: 'noble' },
  Fedora: { os_family: 'RedHat', distribution: 'Fedora', distribution_release: '' },
  CentOS: { os_family: 'RedHat', distribution: 'CentOS', distribution_release: '' },
}

t.test('each distribution family has its repository, after a pinned key', async (t) => {
  const addresses = { Debian: 'linux/debian', Ubuntu: 'linux/ubuntu', Fedora: 'linux/fedora', CentOS: 'linux/centos' }
  for (const [name, facts] of Object.entries(FAMILIES)) {
    const all = tasks(facts)
    const place = (what: string): number => all.findIndex(({ title }) => title === what)
    t.ok(
      place("Verify and install Docker's GPG key") > 0 &&
        place("Verify and install Docker's GPG key") < place('Add Docker repository') &&
        place('Add Docker repository') < place('Install Docker'),
      name,
    )
    const address = addresses[name as keyof typeof addresses]
    t.match(
      all.find(({ module }) => module === 'get_url'),
      { title: /set docker_source: distro/, params: { url: `https://download.docker.com/${address}/gpg` } },
      name,
    )
    t.match(all[place('Add Docker repository')]?.params.content, `https://download.docker.com/${address}`, name)
    t.match(JSON.stringify(all[place('Install Docker')]?.params), 'docker-ce-cli', name)
  }
  t.match(
    tasks(FAMILIES.Ubuntu).find(({ title }) => title === 'Add Docker repository')?.params.content,
    /^Suites: noble\nComponents: stable\nSigned-By: \/etc\/apt\/keyrings\/docker\.asc$/m,
  )
  t.match(
    tasks(FAMILIES.Fedora).find(({ title }) => title === 'Add Docker repository')?.params.content,
    /^baseurl=\S+\/\$releasever\/\$basearch\/stable\nenabled=1\ngpgcheck=1\ngpgkey=file:\/\/\/etc\/pki\/rpm-gpg\/docker\.asc$/m,
  )
})

t.test('unsupported family and invalid docker_source are errors', async (t) => {
  t.throws(() => dockerCe({ os_family: 'Suse', distribution: 'SLES' }), /not SLES: use docker_source: distro/)
  const sourceOf = (vars: Record<string, unknown>) => dockerVars.read(vars).docker_source
  t.equal(sourceOf({}), 'distro')
  t.equal(sourceOf({ docker_source: 'docker' }), 'docker-ce', 'a value of earlier inventories')
  t.throws(() => sourceOf({ docker_source: 'snap' }), /docker_source is "snap": it must be distro or docker-ce/)
})

t.test("key that is not Docker's is rejected and deleted", async (t) => {
  const dir = t.testdir()
  const [fetched, trusted] = [`${dir}/fetched.asc`, `${dir}/trusted.asc`]
  // A key of another vendor that every Debian has.
  const otherKey =
    readdirSync('/usr/share/keyrings').find((name) => /-archive-keyring\.(gpg|pgp)$/.test(name)) ?? 'none'
  copyFileSync(`/usr/share/keyrings/${otherKey}`, fetched)
  const script = String(
    tasks(FAMILIES.Debian).find(({ title }) => title === "Verify and install Docker's GPG key")?.params.cmd,
  )
  const run = (text: string) =>
    spawnSync(
      'sh',
      [
        '-c',
        text.replaceAll('/var/lib/labbook/docker-key.asc', fetched).replaceAll('/etc/apt/keyrings/docker.asc', trusted),
      ],
      { encoding: 'utf8' },
    )
  const own =
    /fpr:+([0-9A-F]{40})/.exec(
      spawnSync('gpg', ['--batch', '--no-options', '--homedir', dir, '--show-keys', '--with-colons', fetched], {
        encoding: 'utf8',
      }).stdout,
    )?.[1] ?? ''
  // The same script with this key's fingerprint accepts it.
  t.equal(run(script.replaceAll(/\b[0-9A-F]{40}\b/g, own)).status, 0)
  t.ok(existsSync(trusted))
  const refused = run(script)
  t.equal(refused.status, 1)
  t.match(
    refused.stderr,
    new RegExp(`fingerprint ${own}, not Docker's 9DC858229FC7DD38854AE2D88D81803C0EBFCD88: not trusted`),
  )
  t.notOk(existsSync(fetched))
})
