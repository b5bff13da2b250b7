import t from 'tap'
import { loadSettings } from '../../../../playbooks/load/settings.ts'

t.test('loadSettings() reads the inventory and rejects invalid values', async (t) => {
  t.match(loadSettings({ load_trials: '7', load_replicas: '4,1,4' }), {
    trials: 7,
    replicas: [1, 4],
    trialSeconds: 2,
    p95Ms: 1000,
  })
  t.match(
    loadSettings({ load_step_seconds: 3 }, 10),
    { trialSeconds: 8, warmupSeconds: 4, stepSeconds: 3, p95Ms: 10_000 },
    'slow machines are loaded for longer, unless the inventory sets the duration',
  )
  t.match(
    loadSettings({}, 60),
    { trialSeconds: 16, p95Ms: 60_000 },
    'settings of the slowest machines stay within their bounds',
  )
  t.throws(() => loadSettings({ load_trials: 2.5 }), {
    message: /load_trials is 2\.5: it must be an integer from 1 to 50/,
  })
  t.throws(() => loadSettings({ load_trial_seconds: 'long' }), { message: /load_trial_seconds is "long"/ })
  t.throws(() => loadSettings({ load_replicas: 'many' }), { message: /load_replicas is "many"/ })
})

t.test('loadSettings() reads the request mix, from the inventory or as JSON from the command line', async (t) => {
  const mix = { 'GET /': 5, 'POST /api/counter/increment': 1 }
  const kinds = [
    { method: 'GET', path: '/', weight: 5 },
    { method: 'POST', path: '/api/counter/increment', weight: 1 },
  ]
  t.same(loadSettings({ load_mix: mix }).kinds, kinds)
  t.same(loadSettings({ load_mix: JSON.stringify(mix) }).kinds, kinds)
  t.equal(loadSettings({}).kinds.length, 3)
  for (const wrong of ['GET /', { 'DELETE /': 1 }, { 'GET relative': 1 }, { 'GET /': 0 }, { 'GET /': 1.5 }, {}, [1]])
    t.throws(
      () => loadSettings({ load_mix: wrong }),
      { message: /load_mix is .+: it must be a mapping of requests/ },
      JSON.stringify(wrong),
    )
})
