import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { docker_prune } from '../../../../src/modules/docker/prune.ts'
import { runIn } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'
import { fakeEngine } from './recorded/engine.ts'
import { printed } from './recorded/swarm-answers.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z') / 1000
const HASH = 'a'.repeat(64)
const ANONYMOUS = { 'com.docker.volume.anonymous': '' }

const container = (name: string, State: string, more: object = {}) => ({
  Id: `id-${name}`,
  Names: [`/${name}`],
  ImageID: `sha256:${name}`,
  State,
  Created: NOW - 3600,
  Labels: {},
  Mounts: [],
  ...more,
})
const image = (Id: string, RepoTags: readonly string[] | null, more: object = {}) => ({
  Id: `sha256:${Id}`,
  RepoTags,
  Created: NOW - 48 * 3600,
  Labels: null,
  ...more,
})
const network = (Name: string, more: object = {}) => ({
  Name,
  Id: `net-${Name}`,
  Scope: 'local',
  Created: '2026-01-30T12:00:00Z',
  Labels: {},
  ...more,
})

const CONTAINERS = [
  container('web', 'running', { Mounts: [{ Type: 'volume', Name: 'data' }] }),
  container('job', 'exited', { Labels: { keep: 'yes' }, Mounts: [{ Type: 'volume', Name: HASH }] }),
  container('new', 'created'),
  container('stuck', 'paused'),
]
const IMAGES = [
  image('web', ['nginx:1.27']),
  image('job', ['job:1']),
  image('old', ['<none>:<none>']),
  image('b', null),
]
const NETWORKS = [
  network('bridge'),
  network('used'),
  network('free'),
  // The engine never prunes it.
  network('template', { ConfigOnly: true }),
  network('ingress', { Ingress: true, Scope: 'swarm' }),
  network('overlay', { Scope: 'swarm' }),
]
const VOLUMES = [
  { Name: 'data', Driver: 'local', Labels: null },
  { Name: 'named', Driver: 'local', Labels: null },
  // The engine never prunes it.
  { Name: 'nfs', Driver: 'local', Labels: null, Options: { type: 'nfs' } },
  { Name: HASH, Driver: 'local', Labels: ANONYMOUS },
  { Name: 'b'.repeat(64), Driver: 'local', Labels: ANONYMOUS },
]
const CACHE = [
  { ID: 'x', Type: 'regular', InUse: false, Shared: false },
  { ID: 'y', Type: 'regular', InUse: true, Shared: false },
  { ID: 'z', Type: 'internal', InUse: false, Shared: false },
  { ID: 's', Type: 'regular', InUse: false, Shared: true },
]

function plan(given: z.input<typeof docker_prune.definition.schema>, { version = '28.2.2', manager = false } = {}) {
  const { definition } = docker_prune
  const stdout =
    printed(
      [200, CONTAINERS],
      [200, IMAGES],
      [200, NETWORKS],
      [200, { Volumes: VOLUMES }],
      [200, { BuildCache: CACHE }],
      [200, { SystemTime: '2026-01-31T12:00:00Z', ServerVersion: version, Swarm: { ControlAvailable: manager } }],
    ) + '\nattached net-used 1\nattached net-free 0\nattached net-overlay 0\n'
  return definition.plan(definition.schema.parse(given), { stdout, stderr: '', exitCode: 0 }, {}, {})
}
const removed = (given: Parameters<typeof plan>[0], engine = {}) =>
  plan(given, engine).changes.map(({ diff }) => diff?.before.trim().split('\n'))

void t.test('docker_prune predicts what the engine removes', async (t) => {
  const cases: [string, Parameters<typeof plan>[0], (string[] | undefined)[], object?][] = [
    ['containers that do not run', { containers: true }, [['job', 'new']]],
    ['not those with a label', { containers: true, containers_filters: { 'label!': 'keep' } }, [['new']]],
    [
      'those that have not all of the labels',
      { containers: true, containers_filters: { 'label!': ['keep', 'prod'] } },
      [['job', 'new']],
    ],
    [
      'not those with all labels',
      { containers: true, containers_filters: { 'label!': ['keep', 'keep=yes'] } },
      [['new']],
    ],
    ['those with a label of this value', { containers: true, containers_filters: { label: ['keep=yes'] } }, [['job']]],
    ['older ones', { containers: true, containers_filters: { until: '1h30m' } }, []],
    [
      'older ones than a time',
      { containers: true, containers_filters: { until: '2026-01-31T11:30:00Z' } },
      [['job', 'new']],
    ],
    ['images without a name', { images: true }, [['sha256:old', 'sha256:b']]],
    ['all images', { images: true, images_filters: { dangling: false } }, [['sha256:old', 'sha256:b']]],
    [
      'images of containers that the task removes',
      { containers: true, images: true, images_filters: { dangling: false } },
      [
        ['job', 'new'],
        ['job:1', 'sha256:old', 'sha256:b'],
      ],
    ],
    ['networks', { networks: true }, [['free']]],
    ['networks of the Swarm, on a manager', { networks: true }, [['free', 'overlay']], { manager: true }],
    ['volumes without a name', { volumes: true }, [['b'.repeat(64)]]],
    ['all volumes', { volumes: true, volumes_filters: { all: true } }, [['named', 'b'.repeat(64)]]],
    ['all volumes, on an old engine', { volumes: true }, [['named', 'b'.repeat(64)]], { version: '20.10.24+dfsg1' }],
    ['build cache', { builder_cache: true }, [['x']]],
    ['all build cache', { builder_cache: true, builder_cache_all: true }, [['x', 'z', 's']]],
  ]
  for (const [title, given, expected, engine] of cases) t.same(removed(given, engine), expected, title)
})

void t.test('docker_prune refuses filters that the engine does not have', async (t) => {
  t.match(plan({ containers: true, containers_filters: { name: 'x' } }).problem, /Docker has no filter "name": label, /)
  t.match(plan({ containers: true, containers_filters: { until: 'today' } }).problem, /until: "today" is not supported/)
  t.match(plan({ images: true, images_filters: { dangling: 'maybe' } }).problem, /must be true or false/)
  const old = plan({ volumes: true, volumes_filters: { all: true } }, { version: '20.10.24+dfsg1' })
  t.notMatch(old.changes[0]?.script, 'all', 'old engines have no such filter')
})

void t.test('docker_prune asks the engine, and returns what it removed', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  engine.answer({
    'GET /containers/json': [200, CONTAINERS],
    'GET /images/json': [200, IMAGES],
    'GET /networks': [200, NETWORKS],
    'GET /volumes': [200, { Volumes: null }],
    'GET /system/df': [200, { BuildCache: null }],
    'GET /info': [200, { SystemTime: '2026-01-31T12:00:00Z', ServerVersion: '28.2.2' }],
    'POST /containers/prune': [200, { ContainersDeleted: ['id-job', 'id-new'], SpaceReclaimed: 12 }],
    'POST /networks/prune': [200, { NetworksDeleted: ['free'] }],
  })
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(
      path.join(folder, 'docker'),
      '#!/bin/sh\ncase "$1 $2" in "network ls") echo net-used; echo net-free ;;\n' +
        '"network inspect") echo "net-used 2"; echo "net-free 0" ;; *) exit 1 ;; esac\n',
    )
    chmodSync(path.join(folder, 'docker'), 0o755)
    const env = { ...engine.env, PATH: `${folder}:${process.env.PATH}` }
    const { definition } = docker_prune
    const params = definition.schema.parse({ containers: true, networks: true, volumes: true })
    const planned = definition.plan(params, runIn(shell, definition.probe(params, {}), { env }), {}, {})
    t.equal(planned.problem, undefined)
    t.same(descriptions(planned), ['prune 2 containers', 'prune 1 network'])
    const applied = planned.changes.map(({ script }) => runIn(shell, script, { env }))
    t.same(definition.result?.(params, applied), {
      values: {
        containers: ['id-job', 'id-new'],
        containers_space_reclaimed: 12,
        networks: ['free'],
        volumes: [],
        volumes_space_reclaimed: 0,
      },
    })
  })
})
