import { experiment } from 'labbook'
import { usersChart } from '../charts.ts'
import { releaseGenerator, withGenerator } from '../generators.ts'
import { assertDeployed, configuredReplicas, stackContainers } from '../replicas.ts'
import { skipIfTooSlow } from '../slow-hosts.ts'
import { trialDetails } from '../tables.ts'
import { runTrial } from '../trial.ts'
import { HOSTS, record, settingsOf, underLoad } from './support.ts'

/** Closed-loop users with think time, as in Locust: do they limit the throughput? */
export const users = experiment(
  'Load the app with users with think time',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-users', 'proof'],
    disturbs: underLoad('receives a load test'),
    hypothesis:
      'A user with think time sends at most 1 / (think time + latency) requests per second. While latency is short compared to think time, throughput is ' +
      'the number of users divided by their think time, whatever the server.',
    assertions: {},
    questions: {
      'load.users.100': '100 users with a think time of 0.5 to 2 s, not the app, limit the throughput',
      'load.users.500': '500 users with a think time of 0.5 to 2 s, not the app, limit the throughput',
    },
    steadyState: assertDeployed,
    rollback: releaseGenerator,
  },
  async (on) => {
    if (await skipIfTooSlow(on)) return
    const settings = settingsOf(on)
    const { replicas } = configuredReplicas(on)
    const tasks = await stackContainers(on)
    await withGenerator(on, async (cpu) => {
      for (const count of [100, 500] as const) {
        const trial = await runTrial(on, {
          name: `${count} users`,
          replicas,
          containers: tasks,
          failed: settings.failureLimit,
          plan: { way: 'users', users: count, warmup: settings.warmupSeconds + 2, seconds: settings.usersSeconds },
          cpu,
        })
        const exhibit = record(
          on,
          `${count} users with think time`,
          `${count} users for ${settings.usersSeconds} s, think time 0.5 to 2 s`,
          trialDetails(trial),
          [trial],
          usersChart(trial),
        )
        const model = trial.result.users
        on.finding(`load.users.${count}`, {
          holds: model?.setByUsers ?? null,
          evidence: [exhibit],
          detail:
            model === undefined
              ? 'no users'
              : `measured ${model.measured.toFixed(1)} requests/s, predicted ${model.predicted.toFixed(1)}, at most ${model.most.toFixed(1)}: ${model.why}`,
          ...(model === undefined
            ? {}
            : { measured: { throughput: [model.measured, 'requests/s'], predicted: [model.predicted, 'requests/s'] } }),
        })
      }
    })
  },
)
