import { replicasMessage } from './messages.ts'
import { type Exhibit, messageText, type Message, type MessageTable } from 'labbook'
import { type LabContext, say, joinTexts, tableOf } from '../../messages/say.ts'
import type { GeneratorScheduling } from 'labbook/load'
import { usersChart } from '../charts.ts'
import { locustData } from '../locust-files.ts'
import { configuredReplicas, scaleTo, stackContainers } from '../replicas.ts'
import type { LoadSettings } from '../settings.ts'
import { trialDetails } from '../tables.ts'
import { runTrial, type TrialRun } from '../trial.ts'
import { record } from './support.ts'
import { loadExperiment } from './load-experiment.ts'

/** Users of the findings; other numbers are in the table alone. */
const ASKED = [100, 500] as const

/** Closed-loop users with think time, as in Locust, on several numbers of replicas: do they limit the throughput? */
export const loadUsers = loadExperiment(
  'Load the app with users with think time',
  {
    tag: 'load-users',
    hypothesis:
      'A user with think time sends at most 1 / (think time + latency) requests per second. While latency is short compared to think time, throughput is the number of users divided by their think time, whatever the server: then more replicas cannot raise it.',
    assertions: {},
    questions: Object.fromEntries(
      ASKED.map((count) => [
        `load.users.${count}`,
        say('{users} users with a think time of 0.5 to 2 s, not the app, limit the throughput', { users: count }),
      ]),
    ),
  },
  async (on, settings, scheduling) => {
    const cells = await measureCells(on, settings, scheduling)
    const table = record(
      on,
      'Users by replicas',
      say('{users} users with a think time of 0.5 to 2 s for {seconds} s, on {replicas} replicas', {
        users: settings.users.join(', '),
        seconds: settings.usersSeconds,
        replicas: settings.usersReplicas.join(', '),
      }),
      usersTable(cells.map(({ trial }) => trial)),
      cells.map(({ trial }) => trial),
    )
    for (const count of ASKED) reportUsers(on, count, cells, table)
  },
)

interface Cell {
  readonly users: number
  readonly trial: TrialRun
  readonly exhibit: Exhibit
}

/** Ends with the configured replicas if they are among the numbers, so that nothing has to be restored. */
async function measureCells(
  on: LabContext,
  settings: LoadSettings,
  scheduling: GeneratorScheduling,
): Promise<readonly Cell[]> {
  const { replicas: configured } = configuredReplicas(on)
  const order = [...settings.usersReplicas].sort((a, b) => Number(a === configured) - Number(b === configured))
  const cells: Cell[] = []
  for (const replicas of order) {
    await scaleTo(on, replicas)
    const containers = await stackContainers(on)
    for (const count of settings.users) {
      const trial = await runTrial(on, {
        name: say('{users|user|users}, {replicas|replica|replicas}', { users: count, replicas }),
        replicas,
        containers,
        settings,
        scheduling,
        plan: { way: 'users', users: count, warmup: settings.warmupSeconds + 2, seconds: settings.usersSeconds },
      })
      const exhibit = record(
        on,
        say('{users|user|users} on {replicas|replica|replicas}', { users: count, replicas }),
        say('{users|user|users} for {seconds} s, think time 0.5 to 2 s', {
          users: count,
          seconds: settings.usersSeconds,
        }),
        trialDetails(trial),
        [trial],
        usersChart(trial),
        await locustData(`${count}-users-${replicas}-replicas`, trial.result, messageText(trial.name)),
      )
      cells.push({ users: count, trial, exhibit })
    }
  }
  return cells.sort((a, b) => a.users - b.users || a.trial.replicas - b.trial.replicas)
}

/** What people know from such tests, and beside it what the users could ask for at most. */
export function usersTable(trials: readonly TrialRun[]): MessageTable {
  const rows = trials.map(({ replicas, result: { users: model, total, seconds } }) => {
    const { mean, max, percentiles } = total.latency
    const ms = (value: number | undefined): string => (value ?? 0).toFixed(0)
    return [
      model?.users ?? '',
      replicas,
      total.requests,
      total.failures,
      (total.requests / seconds).toFixed(1),
      model?.most.toFixed(1) ?? '',
      ms(mean),
      ...['50', '95', '99'].map((percentile) => ms(percentiles[percentile])),
      ms(max),
    ]
  })
  const titles = [
    'USERS',
    'REPLICAS',
    'REQUESTS',
    'FAILED',
    'RPS',
    'RPS AT MOST',
    'MEAN MS',
    'P50',
    'P95',
    'P99',
    'MAX',
  ] as const
  return tableOf([titles.map((title) => say(title)), ...rows], ['right', 'right'])
}

/** The finding is about the most replicas; the others explain it. */
function reportUsers(on: LabContext, count: number, cells: readonly Cell[], table: Exhibit): void {
  const own = cells.filter(({ users: of }) => of === count)
  const last = own.at(-1)
  const model = last?.trial.result.users
  if (last === undefined || model === undefined) {
    on.finding(`load.users.${count}`, {
      holds: null,
      evidence: [table],
      detail: say('not measured: load_users is {users}', {
        users: [...new Set(cells.map(({ users: of }) => of))].join(', '),
      }),
    })
    return
  }
  on.finding(`load.users.${count}`, {
    holds: model.setByUsers,
    evidence: [table, ...own.map(({ exhibit }) => exhibit)],
    detail: joinTexts(
      [
        say('{replicas}: measured {measured} requests/s, predicted {predicted}, at most {most}: {why}', {
          replicas: replicasMessage(last.trial.replicas),
          measured: model.measured.toFixed(1),
          predicted: model.predicted.toFixed(1),
          most: model.most.toFixed(1),
          why: model.why,
        }),
        ...differenceMessage(own),
      ],
      '. ',
    ),
    measured: { throughput: [model.measured, 'requests/s'], predicted: [model.predicted, 'requests/s'] },
  })
}

/** How throughput differs between the fewest and the most replicas, and how it could at most. */
function differenceMessage(cells: readonly Cell[]): Message[] {
  const [fewest, most] = [cells[0]?.trial, cells.at(-1)?.trial]
  const [from, to] = [fewest?.result.users, most?.result.users]
  if (fewest === undefined || most === undefined || from === undefined || to === undefined || fewest === most) return []
  const percent = (value: number): string => `${value >= 0 ? '+' : ''}${(value * 100).toFixed(1)}`
  return [
    say(
      '{fewest}: {measured} requests/s; {most} serve {difference} %, and these users could ask for {possible} % at most',
      {
        fewest: replicasMessage(fewest.replicas),
        measured: from.measured.toFixed(1),
        most: replicasMessage(most.replicas),
        difference: percent(to.measured / from.measured - 1),
        possible: percent(to.most / from.measured - 1),
      },
    ),
  ]
}
