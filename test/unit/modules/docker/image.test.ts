import { chmodSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { docker_image } from '../../../../src/modules/docker/image.ts'
import { parseReference } from '../../../../src/modules/docker/reference.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import { printed } from './recorded/swarm-answers.ts'

const { definition } = docker_image
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string, exitCode = 0) =>
  definition.plan(parse(params), { stdout, stderr: '', exitCode }, {}, {})
const descriptions = (params: Input, stdout: string) =>
  plan(params, stdout).changes.map(({ description }) => description)

const ID = 'sha256:6a5a9d5a7b5e4e1c8c3b0b9c58c1d2e3f405162738495a6b7c8d9eafb0c1d2e3'
const DIGEST = 'sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0'
const image = (more: object = {}): [number, object] => [
  200,
  {
    Id: ID,
    RepoTags: ['10.77.0.11:5000/counter:latest'],
    RepoDigests: [`10.77.0.11:5000/counter@${DIGEST}`],
    Config: { Cmd: ['gunicorn'], Labels: { 'labbook.source': 'abc' } },
    Os: 'linux',
    ...more,
  },
]
const NONE: [number, object] = [404, { message: 'No such image: x' }]
const NAME = '10.77.0.11:5000/counter'
const built: Input = { name: NAME, source: 'build', build: { path: '/opt/app' }, push: true }

void t.test('image references are parsed as by Docker', async (t) => {
  t.match(parseReference('nginx'), { repository: 'nginx', registry: undefined, tag: 'latest', full: 'nginx:latest' })
  t.match(parseReference('labbook/base:2'), { registry: undefined, path: 'labbook/base', tag: '2' })
  t.match(parseReference('node1:5000/a/b:2'), {
    repository: 'node1:5000/a/b',
    registry: 'node1:5000',
    path: 'a/b',
    tag: '2',
  })
  t.match(parseReference('node1:5000/app'), { registry: 'node1:5000', tag: 'latest' })
  t.match(parseReference(`localhost/app@${DIGEST}`), {
    registry: 'localhost',
    path: 'app',
    digest: DIGEST,
    full: `localhost/app@${DIGEST}`,
  })
})

void t.test('pull: docker_image pulls only an image that does not exist', async (t) => {
  t.same(descriptions({ name: 'nginx:1.27' }, printed(NONE, NONE)), ['pull nginx:1.27'])
  t.same(plan({ name: 'nginx:1.27' }, printed(image(), image())), {
    changes: [],
    values: { image: 'nginx:1.27', id: ID },
  })
})

void t.test(
  'build: an image built and pushed from the same sources needs no change, and its value has the digest',
  async (t) => {
    const { changes, values } = plan(built, `${printed(image(), image())}source abc\npushed ${DIGEST}\n`)
    t.same(changes, [])
    t.same(values, { image: `10.77.0.11:5000/counter@${DIGEST}`, id: ID })
  },
)

void t.test('build: changed sources rebuild the image, which is pushed', async (t) => {
  const { changes } = plan(built, `${printed(image(), image())}source def\npushed ${DIGEST}\n`)
  t.same(
    changes.map(({ description }) => description),
    ['rebuild 10.77.0.11:5000/counter:latest from /opt/app', 'push 10.77.0.11:5000/counter:latest'],
  )
  t.match(changes[0]?.diff, { before: 'source: abc\n', after: 'source: def\n' })
})

void t.test('push: repeated if the registry has no image or another one', async (t) => {
  const push = ['push 10.77.0.11:5000/counter:latest']
  t.same(descriptions(built, `${printed(image(), image())}source abc\n`), push)
  t.same(descriptions(built, `${printed(image(), image())}source abc\npushed sha256:other\n`), push)
  t.same(
    descriptions(
      built,
      `${printed(image({ RepoDigests: null }), image({ RepoDigests: null }))}source abc\npushed ${DIGEST}\n`,
    ),
    push,
  )
  t.match(
    plan(built, `${printed(image(), image())}source abc\nregistry-silent\n`).problem,
    /registry 10\.77\.0\.11:5000 does not respond/,
  )
})

void t.test('repository: the image is tagged with and pushed under that name', async (t) => {
  const asked: Input = { name: 'counter:3', source: 'local', repository: '10.77.0.11:5000/counter', push: true }
  t.same(descriptions(asked, printed(image(), NONE)), [
    'tag counter:3 as 10.77.0.11:5000/counter:3',
    'push 10.77.0.11:5000/counter:3',
  ])
  t.same(descriptions(asked, printed(image(), image({ Id: 'sha256:old' })) + `pushed ${DIGEST}\n`).length, 2)
  t.same(descriptions(asked, `${printed(image(), image())}pushed ${DIGEST}\n`), [])
})

void t.test('docker_image reports impossible requests', async (t) => {
  t.match(
    plan(built, `${printed(NONE, NONE)}no-source /opt/app/Dockerfile\n`).problem,
    '/opt/app/Dockerfile does not exist',
  )
  t.match(plan({ name: 'x', source: 'local' }, printed(NONE, NONE)).problem, /image "x:latest" does not exist/)
  t.match(plan({ name: 'x' }, '', 94).problem, /docker command not found/)
  t.throws(() => parse({ name: 'x', push: true }), /registry/)
})

void t.test("load: the image id is compared to the archive's", async (t) => {
  const asked: Input = { name: 'redis:7', source: 'load', archive_path: '/tmp/redis.tar' }
  t.same(descriptions(asked, `${printed(image(), image())}archive ${ID.slice(7)}.json\n`), [])
  t.same(descriptions(asked, `${printed(image(), image())}archive blobs/sha256/${'1'.repeat(64)}\n`), [
    'load redis:7 from /tmp/redis.tar again',
  ])
  t.same(descriptions(asked, `${printed(image(), image())}no-source /tmp/redis.tar\n`), [])
})

void t.test('docker_image works in each shell against an engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    await t.test(`${shell.name}: docker_image`, async (t) => {
      const dir = t.testdir({
        bin: { docker: '#!/bin/sh\necho "$*" >>"${0%/*}/calls"\nexit "${FAIL:-0}"' },
        app: {
          Dockerfile:
            'ARG OTHER=busybox:1\nARG BASE=wrong\nFROM --platform=linux/amd64 ${BASE} AS first\nFROM $OTHER as second\nFROM first\nCOPY x y\n',
          'a file': 'one',
        },
        'root.tar': 'root',
      })
      chmodSync(`${dir}/bin/docker`, 0o755)
      const env = { ...engine.env, PATH: `${dir}/bin:${process.env.PATH}` }
      const run = (script: string, more = {}) => runIn(shell, script, { env: { ...env, ...more } })
      const asked: Input = {
        name: 'counter',
        source: 'build',
        build: { path: `${dir}/app`, args: { BASE: 'debian:12', GREETING: 'it\'s "me" & $you' } },
      }
      const checksum = (params: Input = asked) =>
        /^source (.{64})$/m.exec(run(definition.probe(parse(params), {})).stdout)?.[1]

      engine.answer({})
      engine.requests()
      const first = checksum()
      t.ok(first)
      t.same(
        engine
          .requests()
          .map(({ request }) => request)
          .slice(2),
        ['GET /images/debian:12/json', 'GET /images/busybox:1/json'],
      )
      t.equal(checksum(), first, 'equal files have equal checksums')
      writeFileSync(`${dir}/app/a file`, 'two')
      const second = checksum()
      t.not(second, first, 'other content has another checksum')
      chmodSync(`${dir}/app/a file`, 0o700)
      const third = checksum()
      t.not(third, second, 'another mode has another checksum')
      engine.answer({ 'GET /images/debian:12/json': [200, { Id: 'sha256:aaa' }] })
      const fourth = checksum()
      t.not(fourth, third, 'another base image has another checksum')

      const [build] = plan(asked, `${printed(NONE, NONE)}source ${fourth}\n`).changes
      t.match(run(build?.script ?? ''), { exitCode: 0, stderr: '' })
      t.match(
        runIn(shell, `cat ${dir}/bin/calls`).stdout,
        `--label labbook.source=${fourth} -t counter:latest --build-arg BASE=debian:12`,
      )
      t.not(run(build?.script ?? '', { FAIL: 7 }).exitCode, 0)

      const imported: Input = {
        name: 'base',
        source: 'import',
        archive_path: `${dir}/root.tar`,
        changes: ['CMD ["sh"]'],
      }
      const [load] = plan(imported, printed(NONE, NONE)).changes
      t.match(run(load?.script ?? ''), { exitCode: 0, stderr: '' })
      t.match(
        runIn(shell, `tail -n 1 ${dir}/bin/calls`).stdout,
        `import --change CMD ["sh"] --change LABEL labbook.source=${checksum(imported)} ${dir}/root.tar base:latest`,
      )
    })
  }
})

void t.test('build: with rebuild never, an existing image is not built again and depends on no context', async (t) => {
  const never: Input = { name: NAME, source: 'build', build: { path: '/opt/app' }, push: true, rebuild: 'never' }
  const there = plan(never, `${printed(image(), image())}no-source /opt/app/Dockerfile\npushed ${DIGEST}\n`)
  t.same(there.changes, [])
  t.equal(there.reads, undefined)
  t.notOk(definition.reads?.(parse(never))?.includes('/opt/app'))
  t.ok(definition.reads?.(parse(built))?.includes('/opt/app'))
  const missing = plan(never, printed(NONE, NONE))
  t.match(missing.changes, [{ description: /^build 10/ }, { description: /^push/ }])
  t.ok(missing.reads?.includes('/opt/app'), 'a build depends on it')
  t.notMatch(definition.probe(parse(never), {}), /^lb_source$/m, 'no checksum of the context is computed')
  t.match(definition.probe(parse(built), {}), /^lb_source$/m)
})
