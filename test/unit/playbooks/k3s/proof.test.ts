import { chmodSync, readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { messageText } from '../../../../src/labbook.ts'
import { checkIngress, ingressAddresses, untestable } from '../../../../playbooks/k3s/ingress.ts'
import { kubernetesProof } from '../../../../playbooks/k3s/proof.ts'
import { labExperiment } from '../../../../playbooks/messages/say.ts'
import { runSteps } from '../../../support/play-run.ts'
import { hostText } from '../../../../playbooks/messages/say.ts'

const json = (response: Parameters<RequestListener>[1], value: object): void => {
  response.writeHead(200).end(JSON.stringify(value))
}

async function listen(t: Test, server: Server, host: string, port = 0): Promise<number> {
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  return (server.address() as AddressInfo).port
}

/** One ready pod of the app, as a real k3s 1.35 described it. */
const pods = (): string => {
  const list = JSON.parse(readFileSync('test/fixtures/k3s-1.35/pods.json', 'utf8')) as {
    items: { metadata: { name: string } }[]
  }
  return JSON.stringify({
    items: list.items.filter(({ metadata }) => metadata.name.startsWith('counter-')).slice(0, 1),
  })
}

/** Runs the proof against an app on two nodes, of which the second opens its port late. */
async function prove(
  t: Test,
  ingress: RequestListener,
  lateMs: number,
  { classes = 'traefik', experiment = kubernetesProof } = {},
) {
  let count = 0
  const app: RequestListener = ({ method }, response) => {
    json(response, { count: method === 'POST' ? ++count : count, replica: 'a', node: 'node1' })
  }
  const port = await listen(t, createServer(app), '127.0.0.1')
  const late = createServer(app)
  const timer = setTimeout(() => late.listen(port, '127.0.0.2'), lateMs)
  t.teardown(() => {
    clearTimeout(timer)
    late.close()
  })
  const ingressPort = await listen(t, createServer(ingress), '127.0.0.1')
  const dir = t.testdir({
    pods: pods(),
    kubectl: `#!/bin/sh
case "$*" in
  *'get pods '*json*) cat "\${0%/*}/pods" ;;
  *'get service '*) printf '127.0.0.1\\n127.0.0.2\\n' ;;
  *'get ingressclasses '*) echo ingressclass.networking.k8s.io/${classes} ;;
  *'get ingress '*json*) echo '{"status":{"loadBalancer":{"ingress":[{"ip":"127.0.0.1"}]}}}' ;;
esac
`,
  })
  chmodSync(`${dir}/kubectl`, 0o755)
  const path = process.env.PATH
  process.env.PATH = `${dir}:${path}`
  t.teardown(() => {
    process.env.PATH = path
  })
  const { events } = await runSteps([experiment], {
    hosts: ['localhost'],
    extraVars: { kubecontext: 'x', counter_port: port, counter_replicas: 1, ingress_port: ingressPort },
  })
  return Object.fromEntries(
    events.flatMap((event) => (event.type === 'finding' ? [[event.id, [event.holds, event.detail]]] : [])),
  )
}

t.test('the proof waits for an endpoint that opens late, and asks the Ingress by its name', async (t) => {
  const findings = await prove(
    t,
    ({ headers }, response) => {
      if (headers.host === 'counter.internal') json(response, { count: 1, replica: 'a', node: 'node1' })
      else response.writeHead(404).end('404 page not found')
    },
    1500,
  )
  t.match(findings, {
    'k3s.pods.ready': [true],
    'k3s.app.answers': [true, /0 of 80 requests through 2 endpoints failed/],
    'k3s.app.counts': [true, /added 200; 0 failed/],
    'k3s.ingress.answers': [
      true,
      '0 of 3 requests for counter.internal failed; 0 of 3 for another name reached the app',
    ],
  })
})

t.test('an Ingress that serves any name is found, and one without a controller is inconclusive', async (t) => {
  const any: RequestListener = (_request, response) => {
    json(response, { count: 1, replica: 'a', node: 'node1' })
  }
  t.match(await prove(t, any, 0), {
    'k3s.ingress.answers': [false, /3 of 3 for another name reached the app$/],
  })
  t.match(await prove(t, any, 0, { classes: 'nginx' }), {
    'k3s.ingress.answers': [null, 'the cluster has no IngressClass "traefik" (ingress_class)'],
  })
})

t.test('a controller that does not serve the app fails the proof', async (t) => {
  const ID = 'k3s.ingress.answers'
  const experiment = labExperiment(
    'Check Counter app on Kubernetes',
    {
      hosts: 'localhost',
      disturbs: false,
      assertions: { [ID]: 'The Ingress serves the app under its host name, and no other name' },
    },
    async (on) => {
      on.finding(
        ID,
        await checkIngress(
          on,
          on.record({
            title: 'Services and Ingress',
            command: hostText('kubectl get ingresses'),
            stdout: hostText(''),
            durationMs: 0,
          }),
          0,
        ),
      )
    },
  )
  const unavailable: RequestListener = (_request, response) => response.writeHead(503).end('no available server')
  t.match(await prove(t, unavailable, 0, { experiment }), {
    [ID]: [false, '3 of 3 requests for counter.internal failed; 0 of 3 for another name reached the app'],
  })
})

t.test('the Ingress of a cluster without traefik is inconclusive, with the reason', async (t) => {
  const why = (vars: object, own: object = {}): string =>
    messageText(
      untestable({ groups: { k3s_servers: ['a'] }, hostvars: (host) => ({ ...vars, ...(host === 'a' ? own : {}) }) }) ??
        '',
    )
  t.equal(why({}), '')
  t.equal(why({}, { k3s_disable: ['traefik'] }), 'traefik is disabled (k3s_disable)')
  t.equal(why({ ingress_class: 'nginx' }, { k3s_disable: ['traefik'] }), '', 'another controller')
  t.match(why({}, { k3s_disable: ['servicelb'] }), /servicelb is disabled/)
  t.equal(why({}, { lab_forwards: { '8080': 18080 } }), 'port 80 of a is not forwarded to this machine')
  t.strictSame(ingressAddresses('{"status":{"loadBalancer":{}}}'), [])
  t.strictSame(ingressAddresses('Error from server'), [])
})
