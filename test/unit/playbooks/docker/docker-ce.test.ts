import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { dockerCe, type DockerRepository } from '../../../../playbooks/docker/docker-ce.ts'
import { dockerVars } from '../../../../playbooks/docker/vars.ts'
import { flattenTasks } from '../../../../src/playbook/play.ts'

const FIXTURES = new URL('../../../fixtures', import.meta.url).pathname
const DOCKERS = { url: 'https://download.docker.com/linux' }
const tasks = (facts: Record<string, unknown>, repository: DockerRepository = DOCKERS) =>
  flattenTasks(dockerCe(facts, repository)).map(({ module, title, params }) => ({ module: module.name, title, params }))
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

t.test('a mirror with another key has its address and a file of keys for it', async (t) => {
  const fingerprint = '0123456789ABCDEF0123456789ABCDEF01234567'
  const vars = dockerVars.read({
    docker_repo_url: 'https://mirror.example/docker/',
    docker_repo_fingerprint: '0123 4567 89ab CDEF 0123  4567 89AB CDEF 0123 4567',
  })
  const all = tasks(FAMILIES.Ubuntu, { url: vars.docker_repo_url, fingerprint: vars.docker_repo_fingerprint })
  t.match(
    all.find(({ module }) => module === 'get_url'),
    { title: /without access to mirror\.example, set/, params: { url: 'https://mirror.example/docker/ubuntu/gpg' } },
  )
  const key = `/etc/apt/keyrings/docker-${fingerprint.toLowerCase()}.asc`
  t.match(
    all.find(({ title }) => title === 'Add Docker repository')?.params.content,
    ['URIs: https://mirror.example/docker/ubuntu\n', `Signed-By: ${key}\n`][0],
  )
  for (const [title, more] of [
    ["Verify Docker's GPG key that is already here", { read_only: true }],
    ["Verify and install Docker's GPG key", { creates: key }],
  ] as const)
    t.match(all.find((task) => task.title === title)?.params, { ...more, cmd: new RegExp(`= ${fingerprint} `) }, title)
  t.notMatch(JSON.stringify(all), 'download.docker.com')
})

t.test('unsupported distribution and invalid variables are errors', async (t) => {
  const refused = (facts: Record<string, unknown>) => () => dockerCe(facts, DOCKERS)
  t.throws(refused({ os_family: 'Suse', distribution: 'SLES' }), /not SLES: use docker_source: distro/)
  t.throws(
    refused({ os_family: 'Debian', distribution: 'linuxmint', distribution_release: 'virginia' }),
    /supports Debian, Ubuntu and the Fedora family, not linuxmint: use docker_source: distro/,
  )
  t.throws(refused({ ...FAMILIES.Debian, distribution_release: '' }), /not Debian without a code name/)
  t.doesNotThrow(refused({}), 'without facts, tasks are listed')
  const read = (vars: Record<string, unknown>) => dockerVars.read(vars)
  t.equal(read({}).docker_source, 'distro')
  t.equal(read({ docker_source: 'docker' }).docker_source, 'docker-ce', 'a value of earlier inventories')
  t.throws(() => read({ docker_source: 'snap' }).docker_source, /"snap": it must be distro or docker-ce/)
  for (const url of [
    'ftp://mirror.example',
    'https://me:secret@mirror.example/x',
    'https://a b',
    'https://a/$(id)',
    '/srv',
  ])
    t.throws(() => read({ docker_repo_url: url }).docker_repo_url, /it must be an http\(s\) URL without a user/, url)
  for (const fingerprint of ['8D81803C0EBFCD88', '', 12])
    t.throws(() => read({ docker_repo_fingerprint: fingerprint }).docker_repo_fingerprint, /40 hexadecimal digits/)
})

t.test("key that is not Docker's is rejected and deleted", async (t) => {
  const dir = t.testdir()
  const [fetched, trusted] = [`${dir}/fetched.asc`, `${dir}/trusted.asc`]
  const fingerprint = '0E6C0DFD0DC5AF6DA570ACA42149CD2FB9AC2FDD'
  const [key, other] = ['one', 'other'].map((name) => readFileSync(`${FIXTURES}/keys/${name}.asc`, 'utf8'))
  writeFileSync(fetched, key ?? '')
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
  // The same script with this key's fingerprint accepts it.
  const trusting = script.replaceAll(/\b[0-9A-F]{40}\b/g, fingerprint)
  t.equal(run(trusting).status, 0)
  t.ok(existsSync(trusted))
  const refused = run(script)
  t.equal(refused.status, 1)
  t.match(
    refused.stderr,
    new RegExp(`fingerprint ${fingerprint}, not Docker's 9DC858229FC7DD38854AE2D88D81803C0EBFCD88: not trusted`),
  )
  t.notOk(existsSync(fetched))

  // apt would trust each key of the file.
  rmSync(trusted)
  writeFileSync(fetched, `${key}${other}`)
  const further = run(trusting)
  t.match(further.stderr, `fingerprint ${fingerprint} and further keys, not Docker's ${fingerprint}: not trusted`)
  t.equal(further.status, 1)
  t.notOk(existsSync(trusted), 'a file with the key and another one is rejected')
})

t.test("a key file that is already there is trusted only if it has Docker's key", async (t) => {
  const trusted = `${t.testdir()}/trusted.asc`
  const fingerprint = '0E6C0DFD0DC5AF6DA570ACA42149CD2FB9AC2FDD'
  const [key = '', other = ''] = ['one', 'other'].map((name) => readFileSync(`${FIXTURES}/keys/${name}.asc`, 'utf8'))
  const all = tasks(FAMILIES.Debian)
  const at = (title: string): number => all.findIndex((task) => task.title === title)
  const check = at("Verify Docker's GPG key that is already here")
  t.ok(check > at('Install repository prerequisites') && check < at("Verify and install Docker's GPG key"), 'before')
  const script = String(all[check]?.params.cmd).replaceAll('/etc/apt/keyrings/docker.asc', trusted)
  const run = (text: string) => spawnSync('sh', ['-c', text], { encoding: 'utf8' })
  const trusting = script.replaceAll(/\b[0-9A-F]{40}\b/g, fingerprint)
  t.equal(run(script).status, 0, 'no file')
  writeFileSync(trusted, key)
  t.equal(run(trusting).status, 0, 'the key')
  t.match(
    run(script),
    { status: 1, stderr: `${trusted} has fingerprint ${fingerprint}, not Docker's 9DC858229FC7DD38854AE2D88D81803C` },
    'the key of somebody else',
  )
  writeFileSync(trusted, `${key}${other}`)
  t.match(run(trusting), { status: 1, stderr: 'and further keys, not' }, 'further keys')
  writeFileSync(trusted, 'no key')
  t.equal(run(trusting).status, 1, 'no key')
  rmSync(trusted)
  symlinkSync('/nowhere', trusted)
  t.equal(run(trusting).status, 1, 'a link to nothing')
})
