import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import { dockerCe, sourceOf } from '../../../playbooks/docker/docker-ce.ts'
import { flatten } from '../../../src/run/play.ts'

const tasks = (facts: Record<string, unknown>) =>
  flatten(dockerCe(facts)).map(({ module, title, params }) => ({ module: module.name, title, params }))
const FAMILIES = {
  Debian: { os_family: 'Debian', distribution: 'Debian', distribution_release: 'bookworm' },
  Ubuntu: { os_family: 'Debian', distribution: 'Ubuntu', distribution_release: 'noble' },
  Fedora: { os_family: 'RedHat', distribution: 'Fedora', distribution_release: '' },
  CentOS: { os_family: 'RedHat', distribution: 'CentOS', distribution_release: '' },
}

t.test('each family has its repository, and a pinned key before it', async (t) => {
  const addresses = { Debian: 'linux/debian', Ubuntu: 'linux/ubuntu', Fedora: 'linux/fedora', CentOS: 'linux/centos' }
  for (const [name, facts] of Object.entries(FAMILIES)) {
    const all = tasks(facts)
    const place = (what: string): number => all.findIndex(({ title }) => title === what)
    t.ok(
      place("The key is Docker's") > 0 &&
        place("The key is Docker's") < place('Docker repository') &&
        place('Docker repository') < place('Install Docker'),
      name,
    )
    const address = addresses[name as keyof typeof addresses]
    t.match(
      all.find(({ module }) => module === 'get_url'),
      { title: /needs docker_source: distro/, params: { url: `https://download.docker.com/${address}/gpg` } },
    )
    t.match(all[place('Docker repository')]?.params.content, `https://download.docker.com/${address}`)
    t.match(JSON.stringify(all[place('Install Docker')]?.params), 'docker-ce-cli')
  }
  t.match(
    tasks(FAMILIES.Ubuntu).find(({ title }) => title === 'Docker repository')?.params.content,
    /^Suites: noble\nComponents: stable\nSigned-By: \/etc\/apt\/keyrings\/docker\.asc$/m,
  )
  t.match(
    tasks(FAMILIES.Fedora).find(({ title }) => title === 'Docker repository')?.params.content,
    /^baseurl=\S+\/\$releasever\/\$basearch\/stable\nenabled=1\ngpgcheck=1\ngpgkey=file:\/\/\/etc\/pki\/rpm-gpg\/docker\.asc$/m,
  )
})

t.test('a family without is told so; so is a word that is none', async (t) => {
  t.throws(() => dockerCe({ os_family: 'Suse', distribution: 'SLES' }), /this is SLES: use docker_source: distro/)
  t.equal(sourceOf(undefined), 'distro')
  t.equal(sourceOf('docker'), 'docker-ce')
  t.throws(() => sourceOf('snap'), /docker_source is distro or docker-ce, not "snap"/)
})

t.test("a key that is not Docker's is not taken, and does not stay", async (t) => {
  const dir = t.testdir()
  const [fetched, trusted] = [`${dir}/fetched.asc`, `${dir}/trusted.asc`]
  // A key that every Debian has, and that is somebody else's.
  const strange = readdirSync('/usr/share/keyrings').find((name) => /-archive-keyring\.(gpg|pgp)$/.test(name)) ?? 'none'
  copyFileSync(`/usr/share/keyrings/${strange}`, fetched)
  const script = String(tasks(FAMILIES.Debian).find(({ title }) => title === "The key is Docker's")?.params.cmd)
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
  // The same script, told to want this key: it is taken.
  t.equal(run(script.replaceAll(/\b[0-9A-F]{40}\b/g, own)).status, 0)
  t.ok(existsSync(trusted))
  const refused = run(script)
  t.equal(refused.status, 1)
  t.match(
    refused.stderr,
    new RegExp(`is ${own} and not Docker's 9DC858229FC7DD38854AE2D88D81803C0EBFCD88: not trusted`),
  )
  t.notOk(existsSync(fetched))
})
