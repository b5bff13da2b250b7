import path from 'node:path'
import t from 'tap'
import { PROJECT_VARS } from '../../../playbooks/project.ts'
import { fileIn } from '../../../src/cli/recorded-file.ts'
import { reproducedVars, type ReproducedVars } from '../../../src/cli/recorded-values.ts'
import { MASK } from '../../../src/values/secret.ts'

/* What a repeated run takes over of the variables of a run that somebody handed in. */

const project = t.testdir({ examples: { voting: { 'compose.yaml': '' } }, runs: { received: { 'compose.yaml': '' } } })

const reproduced = (vars: Readonly<Record<string, unknown>>): ReproducedVars =>
  reproducedVars(vars, {
    vars: PROJECT_VARS,
    find: (recorded) => fileIn(project, path.join(project, 'runs'), recorded, 'any'),
  })

t.test('a file is that of the same path in the reader’s project, else the reader has to name one', (t) => {
  const file = path.join(project, 'examples/voting/compose.yaml')
  for (const recorded of ['examples/voting/compose.yaml', '/home/ann/lab/examples/voting/compose.yaml'])
    t.same(reproduced({ file: recorded }), { taken: { file }, ignored: [], missing: [] }, recorded)
  t.match(reproduced({ file: '/home/ann/examples/voting' }), { taken: { file: path.dirname(file) } }, 'a directory')
  for (const recorded of ['/etc/passwd', '/home/ann/shop/compose.yaml', 'runs/received/compose.yaml', '.', '/', 3])
    t.match(
      reproduced({ file: recorded }),
      { taken: {}, missing: [{ name: 'file', why: `the run used ${recorded}, which this project lacks` }] },
      String(recorded),
    )
  t.end()
})

t.test('images of a run would run on the reader’s hosts: the reader has to name them', (t) => {
  const vars = { counter_image: 'registry.example:5000/labbook/counter:2', redis_image: 'redis:7', haproxy_image: 'x' }
  t.match(reproduced(vars), {
    taken: {},
    ignored: [],
    missing: [
      { name: 'counter_image', why: /used the image registry\.example:5000/, placeholder: 'IMAGE' },
      { name: 'redis_image' },
      { name: 'haproxy_image' },
    ],
  })
  t.end()
})

t.test('hosts, clusters, accounts and disks are the reader’s', (t) => {
  const vars = {
    app_host: '10.0.0.5',
    kubecontext: 'production',
    registry_names: ['registry.example'],
    registry_storage: '/srv',
    storage_class: 'fast',
    swarm_labels: { zone: 'a' },
    slowdown: 20,
    lab_memory: '64G',
    ansible_user: 'root',
  }
  t.same(reproduced(vars), { taken: {}, ignored: Object.keys(vars), missing: [] })
  t.end()
})

t.test('a masked value is asked for, unless it is of the reader’s machines', (t) => {
  t.match(reproduced({ ansible_password: MASK, registry_users: [MASK] }), { missing: [], taken: {} })
  for (const vars of [{ redis_password: MASK }, { counter_image: MASK }, { x: [{ token: MASK }] }])
    t.match(reproduced(vars), { missing: [{ why: 'the run masked this secret', placeholder: 'VALUE' }] })
  t.end()
})

t.test('undeclared variables are taken, unless they name a file, a URL or an image of a registry', (t) => {
  const taken = { title: 'a/b', replicas: 4, image: 'nginx', ratio: '1:2', note: 'at 10.0.0.5', path: 'docs/a.md' }
  t.same(reproduced(taken), { taken, ignored: [], missing: [] })
  for (const value of [
    '/home/ann/app',
    '~/app',
    './app',
    '../app',
    'C:\\app',
    'https://registry.example/',
    'registry.example/app:2',
    'registry:5000/app',
    [{ source: '/home/ann/app' }],
  ])
    t.match(
      reproduced({ x: value }),
      { taken: {}, missing: [{ name: 'x', placeholder: 'VALUE' }] },
      JSON.stringify(value),
    )
  t.end()
})
