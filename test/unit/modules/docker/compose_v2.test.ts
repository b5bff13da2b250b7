import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { docker_compose_v2 } from '../../../../src/modules/docker/compose_v2.ts'
import { secret } from '../../../../src/values/secret.ts'
import { runIn } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'
import { fakeEngine } from './recorded/engine.ts'

const PROBES = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../../fixtures/compose/probes.json'), 'utf8'),
) as Readonly<Record<string, string>>

type Given = Partial<z.input<typeof docker_compose_v2.definition.schema>>

function plan(stdout: string, given: Given = {}, more: { exitCode?: number; stderr?: string } = {}) {
  const { definition } = docker_compose_v2
  const params = definition.schema.parse({ project_src: '/srv/shop', ...given })
  return definition.plan(params, { stdout, stderr: '', exitCode: 0, ...more }, {}, {})
}
const reasons = (state: string, given: Given = {}): readonly string[] | undefined =>
  plan(PROBES[state] ?? '', given)
    .changes[0]?.diff?.before.trimEnd()
    .split('\n')

void t.test('docker_compose_v2 finds what docker compose up would do', async (t) => {
  const cases: [string, Given, readonly string[] | undefined][] = [
    ['nothing', {}, ['db: 0 of 1 containers exist', 'web: 0 of 2 containers exist']],
    ['nothing', { services: ['web'], dependencies: false }, ['web: 0 of 2 containers exist']],
    ['nothing', { services: ['web'] }, ['web: 0 of 2 containers exist', 'db: 0 of 1 containers exist']],
    ['running', {}, undefined],
    ['running', { scale: { web: 3 } }, ['web: 2 of 3 containers exist']],
    ['running', { services: ['db'] }, undefined],
    ['killed', {}, ['shop-web-2: exited']],
    ['killed', { services: ['db'] }, undefined],
    ['other configuration', {}, ['shop-web-1: configuration differs', 'shop-web-2: configuration differs']],
    ['other configuration', { recreate: 'never' }, undefined],
    ['orphan', {}, undefined],
    ['orphan', { remove_orphans: true }, ['shop-job-1: orphan']],
    ['stopped', { state: 'stopped', recreate: 'never' }, undefined],
  ]
  for (const [state, given, expected] of cases) {
    const found = reasons(state, given)
    t.same(found && [...found].sort(), expected && [...expected].sort(), `${state} ${JSON.stringify(given)}`)
  }
  t.same(
    reasons('other image')?.filter((line) => !line.endsWith('image lbt/base:1 is another')),
    [],
    'each container has the other image',
  )
  t.equal(reasons('other image')?.length, 3)
  t.equal(reasons('running', { state: 'stopped' })?.length, 3)
})

const withStatus = (status: string): string =>
  (PROBES['running'] ?? '').replace(/("State": ?"running", ?"Status": ?)"[^"]*"/, `$1"${status}"`)

void t.test('docker_compose_v2 waits for containers on each run', async (t) => {
  for (const [status, reason] of [
    ['Up 2 seconds (health: starting)', 'health: starting'],
    ['Up 2 minutes (unhealthy)', 'unhealthy'],
  ] as const) {
    const stdout = withStatus(status)
    const [change] = plan(stdout, { wait: true }).changes
    t.equal(change?.description, 'wait for project shop', status)
    t.match(change?.diff?.before, new RegExp(`^shop-[a-z]+-[12]: ${reason}\n$`), status)
    t.match(change?.script, '--wait -- ')
    t.same(plan(stdout).changes, [], `${status}, without wait`)
    t.equal(plan(stdout, { wait: true, state: 'stopped' }).changes[0]?.description, 'stop project shop')
  }
  t.same(plan(withStatus('Up 2 minutes (healthy)'), { wait: true }).changes, [])
  const restarting = (PROBES['running'] ?? '').replace('"State":"running"', '"State":"restarting"')
  t.match(plan(restarting, { wait: true }).changes, [{ description: 'wait for project shop' }])
  t.same(plan(restarting).changes, [])
})

void t.test('docker_compose_v2 pulls and builds on each run if the Compose file says so', async (t) => {
  const policy = (name: string): string =>
    (PROBES['running'] ?? '').replace(/("web": ?\{)/, `$1"pull_policy": "${name}",`)
  t.match(plan(policy('always')).changes, [{ description: 'update project shop (pull images)', recurs: true }])
  t.match(plan(policy('build')).changes, [{ description: 'update project shop (build images)', recurs: true }])
  t.same(plan(policy('missing')).changes, [])
  t.same(plan(policy('always'), { pull: 'missing' }).changes, [], 'the parameter overrides it')
  t.same(plan(policy('build'), { build: 'never' }).changes, [])
  t.same(plan(policy('always'), { services: ['db'] }).changes, [], 'of another service')
})

void t.test('docker_compose_v2 knows services of profiles that are not active', async (t) => {
  const orphan = PROBES['orphan'] ?? ''
  const declared = `${orphan}declared db\ndeclared job\ndeclared web\n`
  t.same(plan(declared, { remove_orphans: true }).changes, [])
  const left = (stdout: string): readonly string[] =>
    plan(stdout, { state: 'absent', remove_orphans: true }).changes[0]?.diff?.before.split('\n') ?? []
  t.ok(left(orphan).includes('container shop-job-1'))
  t.notOk(left(declared).includes('container shop-job-1'))
  t.ok(left(declared).includes('network shop_default'))
  const alone = declared.replace(/^containers .*$/m, (line) => {
    const all = JSON.parse(line.slice('containers '.length)) as { Names: string[] }[]
    return `containers ${JSON.stringify(all.filter(({ Names }) => Names[0] === '/shop-job-1'))}`
  })
  t.same(plan(alone, { state: 'absent', remove_orphans: true }).changes, [], 'it keeps the network')
})

void t.test('docker_compose_v2 removes a project', async (t) => {
  t.same([...(reasons('running', { state: 'absent' }) ?? [])].sort(), [
    'container shop-db-1',
    'container shop-web-1',
    'container shop-web-2',
    'network shop_default',
  ])
  t.equal(reasons('nothing', { state: 'absent' }), undefined)
  t.same(reasons('running', { state: 'absent', services: ['db'] }), ['container shop-db-1'])
})

void t.test('docker_compose_v2 removes the images of a project', async (t) => {
  const absent = (stdout: string, remove_images: 'all' | 'local', more: Given = {}) =>
    plan(stdout, { state: 'absent', remove_images, ...more }).changes
  const nothing = PROBES['nothing'] ?? ''
  // Another project may use the image, which the engine then keeps.
  t.match(absent(nothing, 'all'), [{ recurs: true, diff: { before: 'image lbt/base:1\n' } }])
  t.same(absent(nothing, 'local'), [])
  t.same(absent(nothing, 'all', { services: ['web'] }), [], 'of named services, no images are compared')
  t.match(absent(PROBES['running'] ?? '', 'all')[0]?.diff?.before, /^image lbt\/base:1$/m)
  t.equal(absent(PROBES['running'] ?? '', 'local')[0]?.recurs, undefined)
  const built = nothing.replaceAll('"image": "lbt/base:1",', '').replace('"lbt/base:2"', '"shop-web:latest"')
  for (const mode of ['all', 'local'] as const)
    t.match(absent(built, mode), [{ diff: { before: 'image shop-web:latest\n' } }], mode)
})

void t.test(
  'docker_compose_v2 starts a container again that has done its work, as docker compose up does',
  async (t) => {
    const { changes } = plan(PROBES['job ended'] ?? '')
    t.match(changes, [{ description: 'update project shop', recurs: true, diff: { before: 'shop-job-1: exited\n' } }])
    t.equal(plan(PROBES['killed'] ?? '', { scale: { web: 3 } }).changes[0]?.recurs, undefined)
  },
)

void t.test('docker_compose_v2 passes on its parameters', async (t) => {
  const script = (given: Given): string => plan(PROBES['running'] ?? '', given).changes[0]?.script ?? ''
  t.match(
    script({
      scale: { web: 3 },
      pull: 'never',
      build: 'never',
      wait: true,
      wait_timeout: 9,
      timeout: 0,
      services: ['web'],
    }),
    'lb_compose up --detach --no-color --quiet-pull --pull never --timeout 0 --no-build --scale web=3 --wait ' +
      '--wait-timeout 9 -- web >&2 || exit',
  )
  t.match(
    script({ recreate: 'always', files: ['a.yml', "b's.yml"], env_files: ['.e'], profiles: ['x'], project_name: 'p' }),
    /--project-name p -f a\.yml -f 'b'\\''s\.yml' --env-file \.e --profile x "\$@"/,
  )
  t.match(script({ state: 'absent', remove_images: 'local', remove_volumes: true }), 'down --rmi local --volumes --')
  t.match(script({ state: 'restarted', dependencies: false }), 'lb_compose restart --no-deps --')
  t.match(script({ state: 'stopped' }), /--no-start -- .*\n.*lb_compose stop -- /)
  t.match(script({ pull: 'always' }), '--pull always')
})

void t.test('docker_compose_v2 says what is missing', async (t) => {
  t.match(
    plan('no-plugin\n').problem,
    /docker compose is not installed on this host: install the package docker-compose/,
  )
  t.match(plan('no-directory\n').problem, 'project_src: /srv/shop is not a directory')
  t.match(plan('no-file\n').problem, '/srv/shop has no Compose file')
  t.match(plan('no-file a.yml\n').problem, 'Compose file a.yml does not exist in /srv/shop')
  const stderr =
    'time="x" level=warning msg="obsolete"\nvalidating compose.yaml: services.web Additional property imag\n'
  t.equal(
    plan('', {}, { exitCode: 4, stderr }).problem,
    'docker compose: validating compose.yaml: services.web Additional property imag',
  )
  t.match(plan('', {}, { exitCode: 91 }).problem, /Docker is not running/)
  t.match(plan(PROBES['running'] ?? '', { services: ['wep'] }).problem, 'has no service "wep": it has db, web')
  const refusal = (params: object): string =>
    docker_compose_v2.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.match(refusal({ definition: { services: {} } }), 'definition needs project_name')
  const definition = { services: { web: { environment: [{ PASSWORD: secret('s3cret') }] } } }
  t.equal(
    refusal({ definition, project_name: 'shop' }),
    'definition cannot contain secrets: use env_files, or a file of copy',
  )
  t.match(refusal({ project_src: '/a', assume_yes: true }), '"assume_yes" is not supported')
  t.match(refusal({ project_src: '/a', docker_host: 'x' }), '"docker_host" is not supported')
})

/** Answers as the plugin does, with the project of its directory. */
const DOCKER = `#!/bin/sh
case "$*" in
"compose version") exit 0 ;;
*"version --short") echo 2.26.1 ;;
*"--profile * config "*)
  [ ! -e compose.strict ] || { echo 'no env file' >&2; exit 1; }
  case "$*" in
  *--services) printf 'debug\\nweb\\n' ;;
  *--hash*) printf 'debug 456\\nweb 123\\n' ;;
  *) printf '{\\n  "name": "shop",\\n  "services": {"web": {"image": "a"}, "debug": {"image": "a"}}\\n}\\n' ;;
  esac ;;
*"config --format json") printf '{\\n  "name": "shop",\\n  "services": {"web": {"image": "a"}}\\n}\\n'; cat compose.yaml >SEEN ;;
*"config --hash "*) [ ! -e compose.unhashed ] || { echo 'no hash' >&2; exit 1; }; echo 'web 123' ;;
*) echo "$*" >CALLS ;;
esac
`

void t.test('docker_compose_v2 asks the plugin and the engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  const web = (more: object) => ({
    Id: 'c'.repeat(64),
    Names: ['/shop-web-1'],
    Image: 'a',
    State: 'running',
    Status: 'Up',
    Labels: { 'com.docker.compose.service': 'web', 'com.docker.compose.config-hash': '123', ...more },
  })
  engine.answer({
    'GET /containers/json': [200, [web({}), web({ 'com.docker.compose.oneoff': 'True' })]],
    'GET /networks': [200, []],
    'GET /volumes': [200, { Volumes: null }],
    'GET /images/json': [200, [{ Id: 'sha256:1', RepoTags: ['b:latest'] }]],
  })
  inEachShell(t, (t, shell, folder) => {
    const [seen, calls] = ['seen', 'calls'].map((name) => path.join(folder, name)) as [string, string]
    writeFileSync(path.join(folder, 'docker'), DOCKER.replace('SEEN', seen).replace('CALLS', calls))
    chmodSync(path.join(folder, 'docker'), 0o755)
    const src = path.join(folder, "a 'project'")
    mkdirSync(src)
    const env = { ...engine.env, PATH: `${folder}:${process.env.PATH}`, TMPDIR: folder }
    const { definition } = docker_compose_v2
    const run = (given: z.input<typeof definition.schema>) => {
      const params = definition.schema.parse(given)
      const planned = definition.plan(params, runIn(shell, definition.probe(params, {}), { env }), {}, {})
      for (const { script } of planned.changes) t.match(runIn(shell, script, { env }), { exitCode: 0, stdout: '' })
      return planned
    }
    t.match(run({ project_src: src }).problem, /has no Compose file/)
    writeFileSync(path.join(src, 'compose.yaml'), 'the file\n')
    const same = run({ project_src: src })
    t.equal(same.problem, undefined)
    t.same(same.changes, [])
    t.match(same.values?.containers, [{ Name: 'shop-web-1', Service: 'web', State: 'running' }])
    t.equal(readFileSync(seen, 'utf8'), 'the file\n')
    t.match(engine.requests().at(-4)?.request, 'label%22:%5B%22com.docker.compose.project%3Dshop%22')

    t.same(descriptions(run({ project_src: src, services: ['debug'] })), ['update project shop'])
    t.match(readFileSync(calls, 'utf8'), /up --detach .* -- debug\n$/)
    writeFileSync(path.join(src, 'compose.strict'), '')
    t.match(run({ project_src: src, services: ['debug'] }).problem, 'has no service "debug": it has web')
    t.same(run({ project_src: src, services: ['web'] }).changes, [], 'a service of another profile is not valid')
    rmSync(path.join(src, 'compose.strict'))
    t.match(
      runIn(shell, definition.probe(definition.schema.parse({ project_src: src, remove_orphans: true }), {}), { env }),
      {
        stdout: /^declared debug\ndeclared web$/m,
      },
    )

    writeFileSync(path.join(src, 'compose.unhashed'), '')
    t.equal(run({ project_src: src }).problem, 'docker compose: no hash')

    const definitionGiven = { services: { web: { image: "it's" } } }
    t.same(descriptions(run({ definition: definitionGiven, project_name: 'shop', scale: { web: 2 } })), [
      'update project shop',
    ])
    t.same(JSON.parse(readFileSync(seen, 'utf8')), definitionGiven)
    t.match(readFileSync(calls, 'utf8'), /--project-name shop up --detach .*--scale web=2 --\n$/)
  })
})
