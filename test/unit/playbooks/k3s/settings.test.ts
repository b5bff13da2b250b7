import t from 'tap'
import { kubectlTarget, clusterHosts, kubectl, clusterNodes } from '../../../../playbooks/k3s/cluster.ts'
import { appSettings, manifestsOf } from '../../../../playbooks/k3s/settings.ts'
import { appPlays } from '../../../../playbooks/k3s/app.ts'
import { flattenTasks, PlaybookError, type Play, type PlayContext } from '../../../../src/playbook/play.ts'

const on = (vars: object, groups: Record<string, string[]> = {}) => ({
  groups,
  hostvars: () => vars as Record<string, unknown>,
})

t.test('the cluster is that of a context or of the first server', async (t) => {
  const groups = { k3s_servers: ['a', 'b'], k3s_agents: ['c', 'b'] }
  t.match(kubectlTarget(on({}, groups)), {
    host: 'a',
    become: true,
    kubectl: '/usr/local/bin/k3s kubectl',
    context: undefined,
  })
  t.same(clusterNodes(on({}, groups)), ['a', 'b', 'c'])
  const named = { groups, hostvars: (host: string) => (host === 'b' ? { k3s_node_name: 'Lab-B' } : {}) }
  t.same(
    [clusterHosts(named), clusterNodes(named)],
    [
      ['a', 'b', 'c'],
      ['a', 'lab-b', 'c'],
    ],
    'nodes have names of the inventory and of the cluster',
  )
  t.match(kubectlTarget(on({ kubecontext: "k3d-it's" }, groups)), {
    host: 'localhost',
    become: false,
    kubectl: "kubectl --context 'k3d-it'\\''s'",
  })
  t.same(clusterNodes(on({ kubecontext: 'k3d-a' }, groups)), [], 'hosts of the inventory are no nodes of a context')
  t.same(kubectl(on({ kubecontext: 'k3d-a' })).at, { host: 'controller', become: false })
  t.equal(kubectl(on({}, groups)).k('get nodes'), '/usr/local/bin/k3s kubectl get nodes')
  t.throws(
    () => kubectlTarget(on({})),
    new PlaybookError(
      'the inventory has no host in group k3s_servers: add one, or name an existing cluster with -e kubecontext=...',
    ),
  )
})

t.test('settings are read from variables', async (t) => {
  t.match(appSettings({}), {
    namespace: 'counter',
    replicas: 4,
    counter_port: 8080,
    min_replicas: 2,
    max_replicas: 10,
    cpu_percent: 70,
    sentinel: false,
    autoscale: false,
  })
  t.not(appSettings({}).settings_checksum, appSettings({ counter_log_level: 'DEBUG' }).settings_checksum)
  t.throws(() => appSettings({ counter_max_replicas: 'many' }), {
    message: 'counter_max_replicas is "many": it must be an integer from 1 to 100',
  })
  t.throws(() => appSettings({ counter_min_replicas: 5, counter_max_replicas: 4 }), {
    message: /minimum must not exceed the maximum/,
  })
  t.throws(() => appSettings({ redis_sentinel: 'yes' }), {
    message: 'redis_sentinel is "yes": it must be true or false',
  })
  t.same(
    manifestsOf({ sentinel: true, autoscale: true }).filter((name) => /redis|hpa/.test(name)),
    ['k3s/redis-sentinel.yaml', 'k3s/hpa.yaml'],
  )
})

t.test('a context needs no host, but image names', async (t) => {
  const vars = {
    kubecontext: 'k3d-mine',
    counter_image: 'counter:1',
    redis_image: 'redis:1',
    redis_password: 'given-password',
  }
  const context: PlayContext = {
    host: 'localhost',
    vars,
    varsWith: (more) => ({ ...vars, ...more }),
    facts: {},
    groups: {},
    hostvars: () => vars,
    check: false,
  }
  const tasks = appPlays
    .filter((step): step is Play => step.kind === 'play')
    .flatMap((play) => flattenTasks(play.tasks(context)))
  t.equal(tasks.length, 1, 'no password is generated')
  t.match(tasks[0], {
    params: { context: 'k3d-mine', vars: { counter_image: 'counter:1' }, prune: true },
    keywords: { become: false, delegate_to: undefined },
  })
  t.equal(String((tasks[0]?.params.vars as { redis_password: unknown }).redis_password), '[REDACTED]')
})
