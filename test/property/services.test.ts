import fc from 'fast-check'
import t from 'tap'
import {
  engine,
  engineCases,
  engineTasks,
  LOOK,
  LOOK_AT_SWARM,
  LOOK_AT_SWARM_CLOSELY,
  LOOK_CLOSELY,
  NOTHING,
  PREPARE,
  settledEngine,
  settledSwarm,
  swarmLists,
  swarms,
  wholeApp,
} from './docker-tasks.ts'
import { checkThenRun, killThenRun, property, startNode, type Case } from './harness.ts'
import { listsOf } from './lists.ts'
import {
  KEEP_PACKAGES,
  LOOK_AT_PACKAGES,
  LOOK_AT_UNITS,
  LOOK_AT_UNITS_CLOSELY,
  packageCases,
  packages,
  packageTasks,
  settledPackages,
  settledUnits,
  unitCases,
  units,
  unitTasks,
  wholeService,
} from './service-tasks.ts'

/*
 * Packages, units, and Docker with its Swarm, on a lab node of this file's own with a real dpkg, systemd and dockerd.
 */

const node = await startNode(t, { name: 'lbsvc', net: '10.84.0' })
node.sh(KEEP_PACKAGES)
node.sh(PREPARE)

const blow = (tasks: number) =>
  fc.record({
    whom: fc.constantFrom('runner' as const, 'sshd' as const),
    task: fc.nat({ max: Math.min(tasks, 1) }),
    delayMs: fc.nat({ max: 1200 }),
  })

/** Fixed cases. */
const always = (
  cases: Readonly<Record<string, Omit<Case, 'look' | 'lookClosely'>>>,
  looks: Pick<Case, 'look' | 'lookClosely'>,
): Promise<unknown> =>
  t.test('fixed cases', async (t) => {
    for (const [name, given] of Object.entries(cases)) {
      await t.test(name, async (t) => {
        await t.resolves(checkThenRun(node, { ...given, ...looks }))
      })
    }
  })

await always(
  Object.fromEntries(Object.entries(packageCases).map(([name, given]) => [name, { ...given, settled: true }])),
  { look: LOOK_AT_PACKAGES },
)
await always(
  Object.fromEntries(Object.entries(unitCases).map(([name, given]) => [name, { ...given, settled: true }])),
  { look: LOOK_AT_UNITS, lookClosely: LOOK_AT_UNITS_CLOSELY },
)
await always(
  Object.fromEntries(
    Object.entries(engineCases).map(([name, tasks]) => [name, { start: NOTHING, tasks, settled: false }]),
  ),
  { look: LOOK, lookClosely: LOOK_CLOSELY },
)

const aboutPackages = (most: number) =>
  fc
    .record({ start: packages, tasks: listsOf(packageTasks, most) })
    .map((given) => ({ ...given, look: LOOK_AT_PACKAGES, settled: settledPackages(given.tasks) }))
await property(t, 'packages', { runs: 8 }, aboutPackages(2), (given) => checkThenRun(node, given))

const aboutUnits = (most: number) =>
  fc.record({ start: units, tasks: listsOf(unitTasks, most) }).map((given) => ({
    ...given,
    look: LOOK_AT_UNITS,
    lookClosely: LOOK_AT_UNITS_CLOSELY,
    settled: settledUnits(given.tasks),
  }))
await property(t, 'one task about a unit', { runs: 10 }, aboutUnits(1), (given) => checkThenRun(node, given))
await property(t, 'units and their files', { runs: 10 }, aboutUnits(4), (given) => checkThenRun(node, given))
const wholeServices = fc
  .record({ start: units, tasks: wholeService })
  .map((given) => ({ ...given, look: LOOK_AT_UNITS, lookClosely: LOOK_AT_UNITS_CLOSELY, settled: true }))
await property(t, 'a service from its file to running', { runs: 4 }, wholeServices, (given) =>
  checkThenRun(node, given),
)

const aboutEngine = (most: number) =>
  fc
    .record({ start: engine, tasks: listsOf(engineTasks, most) })
    .map((given) => ({ ...given, look: LOOK, lookClosely: LOOK_CLOSELY, settled: settledEngine(given.tasks) }))
await property(t, 'one image, container, network or volume', { runs: 12 }, aboutEngine(1), (given) =>
  checkThenRun(node, given),
)
await property(t, 'images, containers, networks and volumes', { runs: 5 }, aboutEngine(4), (given) =>
  checkThenRun(node, given),
)

const aboutSwarm = fc.record({ start: swarms, tasks: swarmLists(3) }).map((given) => ({
  ...given,
  look: LOOK_AT_SWARM,
  lookClosely: LOOK_AT_SWARM_CLOSELY,
  settled: settledSwarm(given.tasks),
}))
await property(t, 'a Swarm with its node, services and stacks', { runs: 6 }, aboutSwarm, (given) =>
  checkThenRun(node, given),
)

await property(
  t,
  'a killed run of packages, started again',
  { runs: 2 },
  fc.record({ start: packages, blow: blow(0) }),
  ({ start, blow }) =>
    killThenRun(
      node,
      { start, look: LOOK_AT_PACKAGES, tasks: [{ module: 'apt', params: { name: ['hello', 'tree'] } }] },
      blow,
    ),
)
await property(
  t,
  'a killed run of a service, started again',
  { runs: 2 },
  fc.record({ given: wholeServices, blow: blow(2) }),
  ({ given, blow }) => killThenRun(node, given, blow),
)
await property(
  t,
  'a killed run of an app, started again',
  { runs: 3 },
  fc.record({ start: engine, tasks: wholeApp, blow: blow(4) }),
  ({ start, tasks, blow }) => killThenRun(node, { start, tasks, look: LOOK }, blow),
)
await property(
  t,
  'a killed run of a Swarm, started again',
  { runs: 2 },
  fc.record({ start: swarms, tasks: swarmLists(2).filter(settledSwarm), blow: blow(2) }),
  ({ start, tasks, blow }) => killThenRun(node, { start, tasks, look: LOOK_AT_SWARM }, blow),
)
