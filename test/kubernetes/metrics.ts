import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Api, items } from './api.ts'
import type { PodObject } from './nodes.ts'

/*
 * Stands in for metrics-server: the API server passes requests for the usage of pods on to it.
 */

const GROUP = 'metrics.k8s.io'
const VERSION = `${GROUP}/v1beta1`

/** @param cpuOf - the CPU usage of each container of a pod, such as `200m`. */
export async function startMetrics(
  api: Api,
  certificates: string,
  cpuOf: (pod: PodObject) => string,
): Promise<{ stop(): void }> {
  const usage = async (path: string): Promise<object> => {
    const pods = await items<PodObject>(api('GET', path.replace(`/apis/${VERSION}`, '/api/v1')))
    return {
      kind: 'PodMetricsList',
      apiVersion: VERSION,
      metadata: {},
      items: pods.map((pod) => ({
        metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, labels: pod.metadata.labels },
        timestamp: new Date().toISOString(),
        window: '1s',
        containers: pod.spec.containers.map(({ name }) => ({ name, usage: { cpu: cpuOf(pod), memory: '50Mi' } })),
      })),
    }
  }
  const file = (name: string): Buffer => readFileSync(path.join(certificates, name))
  // The API server's own certificate: it accepts any.
  const server = https.createServer(
    { cert: file('apiserver.crt'), key: file('apiserver.key') },
    ({ url = '' }, response) => {
      const answer = url.includes('/pods') ? usage(url) : Promise.resolve(RESOURCES)
      answer.then(
        (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      )
    },
  )
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  await api('POST', '/api/v1/namespaces/kube-system/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'metrics-server' },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  })
  await api('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1beta1.${GROUP}` },
    spec: {
      group: GROUP,
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: 'kube-system', name: 'metrics-server', port },
    },
  })
  return {
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: VERSION,
  resources: [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }],
}
