import fc from 'fast-check'
import t from 'tap'
import { replicaBudget } from '../../../src/load/budget.ts'
import { inEnglish } from '../../support/in-english.ts'

const COSTS = { replica: 0.004, generator: 0.0004, others: 0.0006 }
const MACHINE = { cores: 2, busyAtRest: 0, generatorApart: false }

t.test('replicaBudget() leaves a quarter of the machine free', async (t) => {
  t.match(replicaBudget(MACHINE, COSTS, 8, 0.5), { limit: 0.15 })
  t.match(replicaBudget({ ...MACHINE, generatorApart: true }, COSTS, 8, 0.5), { limit: 0.16 })
  t.match(replicaBudget({ ...MACHINE, busyAtRest: 0.5 }, COSTS, 8, 0.5), { limit: 0.1 })
  t.match(
    replicaBudget({ ...MACHINE, cores: 16 }, COSTS, 8, 0.5),
    { limit: 0.5 },
    'never more than the limit that is set',
  )
  const count = fc.integer({ min: 1, max: 20 })
  const cost = fc.double({ min: 1e-5, max: 0.05, noNaN: true })
  fc.assert(
    fc.property(count, count, cost, cost, cost, fc.boolean(), (cores, replicas, replica, generator, others, apart) => {
      const budget = replicaBudget(
        { cores, busyAtRest: 0, generatorApart: apart },
        { replica, generator, others },
        replicas,
        1,
      )
      if (!('limit' in budget)) return
      const perSecond = (replicas * budget.limit) / replica
      const used = perSecond * (replica + others + (apart ? 0 : generator))
      if (used > cores * 0.75 + 1e-6) throw new Error(`${used} of ${cores} cores`)
    }),
  )
})

t.test('replicaBudget() says what would help if the test cannot be decided', async (t) => {
  t.match(inEnglish(replicaBudget({ ...MACHINE, busyAtRest: 0.7 }, COSTS, 8, 0.5)), { limit: 0.08 })
  t.match(inEnglish(replicaBudget({ ...MACHINE, busyAtRest: 1.2 }, COSTS, 8, 0.5)), {
    undecidable: /at most 0.03 cores, and needs 0.08/,
    remedy: /end what uses 1.20 cores/,
  })
  t.match(inEnglish(replicaBudget({ ...MACHINE, cores: 1 }, { ...COSTS, others: 0.01 }, 8, 0.5)), {
    undecidable: /0.75 of 1 cores are free for 8 replicas; a request costs 4.00 ms in a replica, 10.00 ms/,
    remedy: /a machine with more cores, fewer replicas, or hosts of a group loadgen/,
  })
})
