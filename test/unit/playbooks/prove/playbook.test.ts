import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import provePlaybook from '../../../../playbooks/prove/playbook.ts'
import { stepsOf } from '../../../../src/cli/playbook.ts'
import { withLocalhost } from '../../../../src/cli/localhost.ts'
import { parseInventory } from '../../../../src/inventory/index.ts'
import { disturbancesOf, permissionFor } from '../../../../src/runner/disturbance.ts'

const VOTING = path.join(ROOT, 'examples/voting/compose.yaml')
/** Machines of the user. */
const inventory = withLocalhost(
  parseInventory({
    main: {
      path: 'inventory.yaml',
      text: readFileSync(path.join(ROOT, 'inventory.yaml'), 'utf8')
        .split('\n')
        .filter((line) => !/^ +lab_|BindAddress/.test(line))
        .join('\n'),
    },
  }),
)
const planned = (words: readonly string[], extraVars: Record<string, unknown>) => ({
  steps: stepsOf(provePlaybook, words, extraVars),
  inventory,
  hosts: [...inventory.hosts.keys()],
  extraVars,
  tags: { tags: [], skipTags: [] },
  check: false,
})
const names = (words: readonly string[], extraVars: Record<string, unknown>): string[] =>
  planned(words, extraVars).steps.map(({ name }) => name)

function composeFile(text: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-prove-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  writeFileSync(path.join(directory, 'compose.yaml'), text)
  return path.join(directory, 'compose.yaml')
}

t.test('a running stack is inspected and disturbed, and nothing is deployed', async (t) => {
  t.same(names(['kill', 'drain'], { stack: 'shop' }), [
    'Select stack',
    'Inspect the stack',
    'Kill a container of each service',
    'Drain and activate a node of the stack',
    'Suggest changes of the compose file',
  ])
})

t.test('with try, the failed experiments are repeated, and the file is deployed again', async (t) => {
  const steps = names(['kill'], { file: VOTING, try: true })
  t.same(steps.slice(steps.indexOf('Inspect the stack')), [
    'Inspect the stack',
    'Kill a container of each service',
    'Suggest changes of the compose file',
    'Deploy stack with the suggested changes',
    'Inspect the stack, with the changes',
    'Kill a container of each service, with the changes',
    'Compare the findings before and after the changes',
    'Deploy stack as it was',
  ])
})

t.test('experiments without a service are left out', async (t) => {
  const file = composeFile('services:\n  db:\n    image: postgres\n')
  t.notOk(names([], { file }).includes('Kill a container of each service'))
  t.ok(names([], { file, services: 'db' }).includes('Kill a container of each service'))
})

t.test('faults on machines of the user need permission', async (t) => {
  const { refused } = permissionFor(planned(['settings', 'kill', 'power-cut'], { file: VOTING }), {})
  t.same(
    refused.map(({ step, disturbances }) => [step.name, disturbances.map(({ host }) => host)]),
    [
      ['Kill a container of each service', ['node1', 'node2', 'node3']],
      ['Power off a node of the stack', ['node2', 'node3', 'node1', 'node2', 'node3']],
    ],
  )
  t.match(refused[1]?.disturbances.at(-1)?.what, 'tasks of services with several replicas are replaced first')
  t.match(refused[0]?.disturbances[0]?.what, 'a container of vote, result, worker, front of stack voting is killed')
})

t.test('stateful services are disturbed only if they are named', async (t) => {
  const effects = (extraVars: Record<string, unknown>): string[] => {
    const run = planned(['kill'], extraVars)
    const step = run.steps.find(({ name }) => name.startsWith('Kill'))
    return step === undefined ? [] : [...new Set(disturbancesOf(step, run).map(({ what }) => what))]
  }
  t.notMatch(effects({ file: VOTING })[0], /db|redis/)
  t.same(effects({ file: VOTING, services: 'db' }), ['a container of db of stack voting is killed'])
  t.same(effects({ stack: 'voting' }), ['a container of each stateless service of stack voting is killed'])
})

t.test('--list shows services, entry points and experiments', async (t) => {
  const text = provePlaybook.preview?.(['kill', 'hang'], { file: VOTING }) ?? ''
  t.match(text, /^SERVICE +ROLE +BECAUSE OF +USES\nvote +stateless +2 replicas, no volume +-$/m)
  t.match(
    text,
    /^8091 +front +nodes with a task +GET \/vote\/ \(status 200\); GET \/result\/ \(status 200\) +x-labbook$/m,
  )
  t.match(text, /^kill +vote, result, worker, front +-$/m)
  t.match(text, 'Not disturbed, because stateful: redis, db. To include one: -e services=redis')
  t.equal(provePlaybook.preview?.([], { stack: 'shop' }), '', 'the services of a running stack are not known')
})

t.test('--list of a public stack file needs no x-labbook', async (t) => {
  const file = path.join(import.meta.dirname, 'recorded/example-voting-app.yml')
  const text = (provePlaybook.preview?.([], { file }) ?? '').replaceAll(/ {2,}/g, '  ')
  const derived = text.slice(0, text.indexOf('EXPERIMENT'))
  t.equal(
    derived,
    [
      'SERVICE  ROLE  BECAUSE OF  USES',
      'redis  stateful  image of a database  -',
      'db  stateful  volume db-data  -',
      'vote  stateless  2 replicas, no volume  -',
      'result  stateless  1 replica, no volume  -',
      'worker  stateless  2 replicas, no volume  -',
      '',
      'ENTRY POINT  SERVICE  ON  PROBE  BECAUSE OF',
      '8080  vote  every node  GET / (status below 500)  guess',
      '8081  result  every node  GET / (status below 500)  guess',
      '',
      '',
    ].join('\n'),
  )
  for (const kind of ['kill', 'update', 'drain']) t.match(text, new RegExp(`^${kind}  vote, result, worker  `, 'm'))
})

t.test('mistakes have a position, or a remedy', async (t) => {
  const file = composeFile(
    'services:\n  web:\n    image: x\n    x-labbook:\n      probe: {get: health}\n      skip: [kil]\n      depends_on: [db]\n',
  )
  t.throws(() => names([], { file }), {
    message: new RegExp(
      [
        'compose.yaml:5:20: x-labbook.probe.get: must start with "/"',
        String.raw`.*compose.yaml:6:14: x-labbook.skip.0: .*`,
        String.raw`.*compose.yaml:7:19: x-labbook.depends_on: the file has no service "db"`,
      ].join('\n'),
    ),
  })
  t.throws(() => names([], { file: VOTING, services: 'vot' }), {
    message: 'services: the stack has no service "vot": did you mean vote?',
  })
  t.throws(() => names([], { stack: 'shop; reboot' }), { message: /^invalid stack name "shop; reboot"/ })
  t.throws(() => names([], { file, stack: 'shop' }), { message: /^set either file or stack/ })
  t.throws(() => names([], { file: composeFile('services:\n  web: {imge: x}\n') }), { message: /unknown key "imge"/ })
})
