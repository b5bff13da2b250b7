import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { docker_login } from '../../../../src/modules/docker/login.ts'
import { parseReference } from '../../../../src/modules/docker/reference.ts'
import { queryRegistry } from '../../../../src/modules/docker/registry.ts'
import { Redactor } from '../../../../src/evidence/redactor.ts'
import { runIn, shells, type Shell } from '../../../support/shells.ts'
import { result } from '../../evidence/events.ts'
import { fakeRegistry } from './recorded/engine.ts'

const { definition } = docker_login
type Input = z.input<typeof definition.schema>
const parse = (params: Input) => definition.schema.parse(params)
const messages = (params: Input): string[] =>
  definition.schema.safeParse(params).error?.issues.map(({ message }) => message) ?? []

const REGISTRY = '10.77.0.11:5000'
const PASSWORD = `q"u'o\\te$(id) ünï`
const asked: Input = { registry_url: REGISTRY, username: 'lab', password: PASSWORD }
const auth = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64')
/** As the docker command writes it. */
const written = (auths: Record<string, object>, more: object = {}): string =>
  JSON.stringify({ auths, ...more }, null, '\t')

/*
 * A stand-in for docker that stores credentials as the real one does and records how it was called. The real one has
 * its engine try the login, and tries itself without an engine (the last test here); either accepts a registry. Both
 * are covered by the lab's tests.
 */
const DOCKER = `#!/bin/sh
here=\${0%/*}
tr '\\0' ' ' </proc/$$/cmdline >>"$here/seen"; env >>"$here/seen"
[ "$1" = --config ] || exit 64
config=$2/config.json; shift 2
eval "last=\\\${$#}"
case $1 in
  login)
    given=$(cat; echo .); given=\${given%.}
    [ "$given" = "$(cat "$here/takes"; echo)" ] || { echo 'Login did not succeed, error: Error response from daemon: Get "https://10.77.0.11:5000/v2/": unauthorized: authentication required' >&2; exit 1; }
    user=\${2#--username=}
    mkdir -p "\${config%/*}"
    printf '{\\n\\t"auths": {\\n\\t\\t"%s": {\\n\\t\\t\\t"auth": "%s"\\n\\t\\t}\\n\\t}\\n}' "$last" "$(printf %s "$user:$given" | base64 -w0)" >"$config"
    echo Login Succeeded ;;
  logout) printf '{\\n\\t"auths": {}\\n}' >"$config"; echo "Removing login credentials for $last" ;;
  *) exit 64 ;;
esac
`

interface Host {
  readonly home: string
  readonly config: string
  run(script: string): ReturnType<typeof runIn>
  plan(params: Input): ReturnType<typeof definition.plan>
  /** Runs the changes and returns their results. */
  apply(params: Input): {
    planned: string[]
    failed: string | undefined
    exitCode: number
    stderr: string
    output: string
  }
  seen(): string
}

function folder(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'labbook-login-'))
  t.teardown(() => {
    rmSync(made, { recursive: true })
  })
  return made
}

function host(t: Test, shell: Shell, config?: string, PATH = ''): Host {
  const home = folder(t)
  mkdirSync(`${home}/bin`)
  for (const [name, text] of Object.entries({ docker: DOCKER, takes: PASSWORD, seen: '' }))
    writeFileSync(`${home}/bin/${name}`, text)
  chmodSync(`${home}/bin/docker`, 0o755)
  const file = `${home}/.docker/config.json`
  if (config !== undefined) {
    mkdirSync(`${home}/.docker`)
    writeFileSync(file, config)
  }
  const env = { HOME: home, PATH: PATH === '' ? `${home}/bin:${process.env.PATH}` : PATH, DOCKER_CONFIG: undefined }
  const run = (script: string) => runIn(shell, script, { env })
  const plan = (params: Input) => definition.plan(parse(params), run(definition.probe(parse(params), {})), {}, {})
  return {
    home,
    config: file,
    run,
    plan,
    apply: (params) => {
      const { changes } = plan(params)
      const applied = changes.map(({ script }) => run(script))
      const { failed } = definition.result?.(parse(params), applied) ?? {}
      const last = applied.at(-1)
      return {
        planned: changes.map(({ description }) => description),
        failed,
        exitCode: last?.exitCode ?? 0,
        stderr: last?.stderr ?? '',
        output: JSON.stringify(applied),
      }
    },
    seen: () => readFileSync(`${home}/bin/seen`, 'utf8'),
  }
}

t.test('docker_login validates parameters and normalises addresses as docker does', async (t) => {
  const key = (registry_url: string) => parse({ ...asked, registry_url }).registry_url
  t.equal(key(REGISTRY), REGISTRY)
  for (const address of [`https://${REGISTRY}`, `http://${REGISTRY}/v2/`, `${REGISTRY}/some/where`])
    t.equal(key(address), REGISTRY, address)
  for (const hub of ['docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io'])
    t.equal(key(hub), 'https://index.docker.io/v1/', hub)
  t.equal(parse({ username: 'a', password: 'b' }).registry_url, 'https://index.docker.io/v1/')
  t.equal(key('[fd00::1]:5000'), '[fd00::1]:5000')
  for (const wrong of ['', '-x', 'a b', 'reg:port', '$(id)'])
    t.strictSame(
      messages({ ...asked, registry_url: wrong }),
      ['must be the host and port of a registry, such as 10.77.0.11:5000'],
      JSON.stringify(wrong),
    )
  t.strictSame(messages({ registry_url: REGISTRY, username: 'lab' }), ['state: present requires username and password'])
  t.strictSame(messages({ registry_url: REGISTRY, state: 'absent' }), [])
  t.strictSame(messages({ ...asked, config_path: '/root/.docker' }), [
    'must end in /config.json: the docker command reads the file of that name from a directory',
  ])
  for (const password of ['', 'a\n'])
    t.strictSame(
      messages({ ...asked, password }),
      ['must not be empty or contain control characters'],
      `password ${JSON.stringify(password)}`,
    )
  for (const username of ['', 'a:b'])
    t.strictSame(
      messages({ ...asked, username }),
      ['must not be empty or contain a colon or control characters'],
      `user name ${JSON.stringify(username)}`,
    )
})

t.test('event logs of docker_login contain neither the password nor its base64', async (t) => {
  const script = [
    definition.probe(parse(asked), {}),
    ...host(t, shells[0])
      .plan(asked)
      .changes.map((change) => change.script),
  ].join('\n')
  t.ok(script.includes(auth('lab', PASSWORD)))
  const masked = JSON.stringify(
    new Redactor().maskEvent(
      result('node1', 'changed', {
        commands: [{ kind: 'probe', script, stdout: '', stderr: '', exitCode: 0, durationMs: 1 }],
      }),
    ),
  )
  t.notMatch(masked, auth('lab', PASSWORD).slice(0, 6), 'the start of its base64 is masked too')
  t.notMatch(masked, /te\$\(id\)/)
})

for (const shell of shells) {
  t.test(`${shell.name}: docker_login logs in and out`, async (t) => {
    const on = host(t, shell)
    const first = on.apply(asked)
    t.match(first, { planned: [`log in to ${REGISTRY} as lab`], failed: undefined, exitCode: 0, stderr: '' })
    t.notMatch(first.output, auth('lab', PASSWORD))
    t.match(JSON.parse(readFileSync(on.config, 'utf8')), { auths: { [REGISTRY]: { auth: auth('lab', PASSWORD) } } })
    t.match(on.seen(), `--config ${on.home}/.docker login --username=lab --password-stdin ${REGISTRY}`)
    t.notMatch(on.seen(), "u'o", 'the password is in neither argv nor environment')
    t.strictSame(on.plan(asked), {
      changes: [],
      values: { registry: REGISTRY, username: 'lab', config_path: on.config },
      reads: [on.config, `directory:${on.config}`],
    })
    t.strictSame(on.apply({ ...asked, reauthorize: true }).planned, [`log in to ${REGISTRY} as lab again`])
    t.strictSame(
      on.apply({ ...asked, password: 'other' }),
      {
        planned: [`log in to ${REGISTRY} as lab again`],
        failed: undefined,
        exitCode: 1,
        stderr:
          'Login did not succeed, error: Error response from daemon: Get "https://10.77.0.11:5000/v2/": unauthorized: authentication required\n',
        output: on.apply({ ...asked, password: 'other' }).output,
      },
      'the error has the message of the registry',
    )
    t.strictSame(
      on.plan({ ...asked, username: 'ann' }).changes.map(({ diff }) => diff),
      [{ subject: `credentials of ${REGISTRY} in ${on.config}`, before: 'other credentials\n', after: 'ann\n' }],
    )
    t.match(on.apply({ registry_url: REGISTRY, state: 'absent' }), {
      planned: [`log out of ${REGISTRY}`],
      failed: undefined,
      exitCode: 0,
    })
    t.strictSame(on.plan({ registry_url: REGISTRY, state: 'absent' }).changes, [])
    t.match(on.apply({ ...asked, config_path: `${on.home}/else/config.json` }).failed, undefined)
    t.ok(existsSync(`${on.home}/else/config.json`))
  })

  t.test(`${shell.name}: docker_login finds its registry in any layout of the file`, async (t) => {
    const own = { auth: auth('lab', PASSWORD) }
    const others = {
      'x10.77.0.11:5000': { auth: 'eDp4' },
      '10.77.0.11:50001': { auth: 'eTp5' },
      '10a77b0c11:5000': { auth: 'ejp6' },
    }
    const changes = (config: string): number => host(t, shell, config).plan(asked).changes.length
    for (const auths of [
      { ...others, [REGISTRY]: own },
      { [REGISTRY]: own, ...others },
      { [REGISTRY]: { email: 'a@b', ...own, identitytoken: '' } },
    ]) {
      t.equal(changes(written(auths)), 0, `auths ${JSON.stringify(auths)}`)
      t.equal(
        changes(JSON.stringify({ HttpHeaders: { 'User-Agent': 'Docker (x)' }, auths })),
        0,
        `auths ${JSON.stringify(auths)}`,
      )
      t.equal(changes(written(auths).replaceAll('\n', '\r\n')), 0, `auths ${JSON.stringify(auths)}`)
    }
    t.equal(changes(written(others)), 1)
    t.equal(changes(written({ ...others, [REGISTRY]: { auth: auth('lab', 'other') } })), 1)
    t.equal(changes(written({ [REGISTRY]: {}, 'z:1': own })), 1)
    for (const odd of ['', '{}', '{"auths": {}}', 'not JSON']) t.equal(changes(odd), 1, `file ${JSON.stringify(odd)}`)
    // curl gets the same from the same file.
    const on = host(t, shell, written({ ...others, [REGISTRY]: own, 'z:1': { auth: 'bm8=' } }))
    writeFileSync(`${on.home}/bin/curl`, '#!/bin/sh\ncat >>"${0%/*}/stdin"; exit 7')
    chmodSync(`${on.home}/bin/curl`, 0o755)
    on.run(queryRegistry(parseReference(`${REGISTRY}/app`)))
    t.equal(
      readFileSync(`${on.home}/bin/stdin`, 'utf8'),
      `header = "Authorization: Basic ${own.auth}"\n\n`,
      'credentials are sent over HTTPS only',
    )
  })

  t.test(`${shell.name}: a token of this user counts as logged in`, async (t) => {
    const config = written({ [REGISTRY]: { auth: auth('lab', ''), identitytoken: 'abc' } })
    t.strictSame(host(t, shell, config).plan(asked).changes, [])
    t.equal(host(t, shell, config).plan({ ...asked, username: 'ann' }).changes.length, 1)
    t.equal(
      host(t, shell, written({ [REGISTRY]: { auth: auth('lab', ''), identitytoken: '' } })).plan(asked).changes.length,
      1,
    )
  })

  t.test(`${shell.name}: docker_login reports what it cannot determine`, async (t) => {
    const store = host(t, shell, written({ [REGISTRY]: {} }, { credsStore: 'pass' }))
    t.equal(
      store.plan(asked).problem,
      `${store.config} sets credsStore: docker-credential-pass stores the credentials of ${REGISTRY}, so neither they ` +
        'nor pushed images can be compared. Remove credsStore from the file, or set another config_path',
    )
    t.match(
      host(t, shell, written({}, { credHelpers: { 'a:1': 'gcr', [REGISTRY]: 'ecr-login' } })).plan(asked).problem,
      /sets credHelpers: docker-credential-ecr-login/,
    )
    for (const more of [{ credHelpers: { 'a:1': 'gcr' } }, { credsStore: '' }])
      t.equal(host(t, shell, written({}, more)).plan(asked).problem, undefined, JSON.stringify(more))
    t.equal(
      store.plan({ registry_url: REGISTRY, state: 'absent' }).changes.length,
      1,
      'logout works with a credential helper',
    )
    const tools = folder(t)
    for (const tool of ['/usr/bin/tr', '/bin/sed', '/bin/grep', '/bin/dash', '/bin/bash', '/bin/busybox'])
      symlinkSync(tool, join(tools, basename(tool)))
    t.match(host(t, shell, undefined, tools).plan(asked).problem, /docker command not found: install docker.io/)
    t.equal(
      host(t, shell, written({ [REGISTRY]: { auth: auth('lab', PASSWORD) } }), tools).plan(asked).problem,
      undefined,
      'a host that is logged out needs no docker',
    )
    const old = host(t, shell, written({ [`https://${REGISTRY}/v1/`]: { auth: 'eDp4' } }))
    t.equal(
      old.plan({ registry_url: REGISTRY, state: 'absent' }).changes.length,
      1,
      'an address in the format of older versions is found',
    )
    t.match(
      host(t, shell).run(definition.probe(parse(asked), {})),
      { exitCode: 0, stderr: '' },
      'a missing file means logged out',
    )
  })
}

const REAL = spawnSync('docker', ['--version'], { encoding: 'utf8' }).stdout

// Without an engine the docker command queries the registry itself.
t.test(
  'docker_login works with the docker command of this machine',
  { skip: REAL ? false : 'docker is not installed here' },
  async (t) => {
    const registry = await fakeRegistry()
    t.teardown(() => registry.close())
    const params: Input = { ...asked, registry_url: `127.0.0.1:${registry.port}`, username: 'lab' }
    const on = host(t, shells[0], written({ 'z:1': { auth: auth('z', 'z') } }), `${process.env.PATH}`)
    const run = (script: string) =>
      runIn(shells[0], script, { env: { HOME: on.home, DOCKER_HOST: `unix://${on.home}/none` } })
    const apply = () => on.plan(params).changes.map(({ script }) => run(script))
    registry.answer({ 'GET /v2/': [401, { errors: [] }, { 'WWW-Authenticate': 'Basic realm="x"' }] })
    t.match(apply(), [{ exitCode: 1, stderr: /401 Unauthorized\n$/ }])
    registry.answer({ 'GET /v2/': [200, {}] })
    const applied = apply()
    t.equal(definition.result?.(parse(params), applied).failed, undefined)
    t.match(JSON.parse(readFileSync(on.config, 'utf8')), {
      auths: { 'z:1': { auth: auth('z', 'z') }, [`127.0.0.1:${registry.port}`]: { auth: auth('lab', PASSWORD) } },
    })
    t.strictSame(on.plan(params).changes, [])
    const absent: Input = { registry_url: params.registry_url ?? '', state: 'absent' }
    const out = on.plan(absent).changes.map(({ script }) => run(script))
    t.match(out, [{ exitCode: 0 }])
    t.strictSame(on.plan(absent).changes, [])
  },
)
