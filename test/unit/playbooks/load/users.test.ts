import t from 'tap'
import { messageText } from '../../../../src/labbook.ts'
import { usersTable } from '../../../../playbooks/load/experiments/users.ts'
import type { TrialRun } from '../../../../playbooks/load/trial.ts'

t.test('usersTable() shows what the users could ask for at most beside what they got', async (t) => {
  const trial = (users: number, replicas: number, requests: number): TrialRun =>
    ({
      replicas,
      result: {
        seconds: 10,
        total: {
          requests,
          failures: 3,
          latency: { mean: 12.4, max: 250, percentiles: { '50': 10, '95': 31, '99': 80 } },
        },
        users: { users, most: users / 1.25 },
      },
    }) as unknown as TrialRun
  t.same(messageText(usersTable([trial(100, 1, 790), trial(100, 4, 795)])).split('\n'), [
    'USERS  REPLICAS  REQUESTS  FAILED   RPS  RPS AT MOST  MEAN MS  P50  P95  P99  MAX',
    '  100         1       790       3  79.0         80.0       12   10   31   80  250',
    '  100         4       795       3  79.5         80.0       12   10   31   80  250',
  ])
})
