import t from 'tap'
import { setInYaml } from '../../../../playbooks/prove/suggest/edit-yaml.ts'

const TEXT = `# A shop.
x-deploy: &deploy
  replicas: 1 # one
  update_config: {parallelism: 2}

services:
  web: # the page
    image: "web"   # two spaces
    deploy:
      <<: *deploy
      # Comment of the policy.
      restart_policy:
        condition: none # never

  api: {image: api, deploy: *deploy}
  db:
    image: db
    deploy: {}
    logging:
# The end.
`

const changed = (path: string, value: Parameters<typeof setInYaml>[2]): string[] => {
  const edited = setInYaml(TEXT, path.split('/'), value)
  if (edited === undefined) return ['not possible']
  const [before, after] = [TEXT.split('\n'), edited.split('\n')]
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ]
}

t.test('a scalar is replaced, and its comment stays', async (t) => {
  t.same(changed('services/web/deploy/restart_policy/condition', 'any'), [
    '-        condition: none # never',
    '+        condition: any # never',
  ])
})

t.test('a key is added at the end of its map', async (t) => {
  t.same(changed('services/web/deploy/restart_policy/delay', '1s'), ['+        delay: 1s'])
  t.same(changed('services/web/healthcheck', { test: 'curl -f http://x/', retries: 3 }), [
    '+    healthcheck:',
    '+      test: curl -f http://x/',
    '+      retries: 3',
  ])
})

t.test('inherited maps are copied with their other keys', async (t) => {
  t.same(changed('services/web/deploy/update_config/order', 'start-first'), [
    '+      update_config:',
    '+        parallelism: 2',
    '+        order: start-first',
  ])
  t.same(changed('services/api/deploy/replicas', 2), [
    '-  api: {image: api, deploy: *deploy}',
    '+  api: {image: api, deploy: {replicas: 2, update_config: {parallelism: 2}}}',
  ])
})

t.test('empty maps and values', async (t) => {
  t.same(changed('services/db/deploy/replicas', 2), ['-    deploy: {}', '+    deploy: {replicas: 2}'])
  t.same(changed('services/db/logging/driver', 'none x'), ['-    logging:', '+    logging: {driver: none x}'])
})

t.test('flow maps', async (t) => {
  t.same(changed('services/api/init', true), [
    '-  api: {image: api, deploy: *deploy}',
    '+  api: {image: api, deploy: *deploy, init: true}',
  ])
  t.equal(
    setInYaml('services: { web: { image: x } }\n', ['services', 'web', 'init'], true),
    'services: { web: { image: x, init: true } }\n',
  )
})

t.test('a text that YAML 1.1 reads as a boolean is quoted', async (t) => {
  t.same(changed('services/web/environment', { DEBUG: 'no', LEVEL: '1' }), [
    '+    environment:',
    '+      DEBUG: "no"',
    '+      LEVEL: "1"',
  ])
})

t.test('a text without a newline at its end', async (t) => {
  t.equal(
    setInYaml('services:\n  web:\n    image: x', ['services', 'web', 'init'], true),
    'services:\n  web:\n    image: x\n    init: true',
  )
})

t.test('what is not a map is refused', async (t) => {
  t.equal(setInYaml('- a\n', ['services'], 1), undefined)
  t.equal(setInYaml('a: [', ['services'], 1), undefined)
})
