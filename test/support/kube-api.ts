import http from 'node:http'
import type { AddressInfo } from 'node:net'

interface KubeItem {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }
}

const GROUPS: Readonly<Record<string, readonly (readonly [plural: string, kind: string])[]>> = {
  v1: [
    ['pods', 'Pod'],
    ['events', 'Event'],
    ['namespaces', 'Namespace'],
  ],
  'apps/v1': [
    ['deployments', 'Deployment'],
    ['statefulsets', 'StatefulSet'],
    ['daemonsets', 'DaemonSet'],
  ],
}

/**
 * An API server that knows a few recorded objects, for a real kubectl: it discovers them, gets and lists them by label
 * and by name or kind of `involvedObject`, and watches in vain.
 */
export async function kubeApi(
  objects: Readonly<Record<string, readonly KubeItem[]>>,
): Promise<{ readonly url: string; close(): void }> {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://api')
    const send = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (url.searchParams.get('watch') !== null) {
      response.writeHead(200).write('')
      return
    }
    const [, plural = '', name] = /\/namespaces\/[^/]+\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? []
    if (plural !== '') {
      answer(send, objects[plural] ?? [], name, url.searchParams)
      return
    }
    if (url.pathname === '/api' || url.pathname === '/apis') {
      send(url.pathname === '/api' ? { kind: 'APIVersions', versions: ['v1'] } : groupList)
      return
    }
    const version = url.pathname.replace(/^\/apis?\//, '')
    send(
      {
        kind: 'APIResourceList',
        groupVersion: version,
        resources: (GROUPS[version] ?? []).map(([each, kind]) => ({
          name: each,
          kind,
          namespaced: kind !== 'Namespace',
          verbs: ['get', 'list', 'watch'],
        })),
      },
      version in GROUPS ? 200 : 404,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const VERSION = { groupVersion: 'apps/v1', version: 'v1' }
const groupList = {
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [{ name: 'apps', versions: [VERSION], preferredVersion: VERSION }],
}

function answer(
  send: (value: unknown, status?: number) => void,
  items: readonly KubeItem[],
  name: string | undefined,
  query: URLSearchParams,
): void {
  if (name !== undefined) {
    const item = items.find(({ metadata }) => metadata.name === name)
    const missing = { kind: 'Status', status: 'Failure', reason: 'NotFound', message: `"${name}" not found`, code: 404 }
    send(item ?? missing, item === undefined ? 404 : 200)
    return
  }
  const labels = (query.get('labelSelector') ?? '').split(',').filter(Boolean)
  const [object, kind] = ['name', 'kind'].map(
    (field) => new RegExp(`involvedObject\\.${field}=([^,]+)`).exec(query.get('fieldSelector') ?? '')?.[1],
  )
  const own = /metadata\.name=([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1]
  const matching = items.filter(
    (item) =>
      labels.every((label) => item.metadata.labels?.[label.split('=')[0] ?? ''] === label.split('=')[1]) &&
      (object === undefined || involved(item)?.name === object) &&
      (kind === undefined || involved(item)?.kind === kind) &&
      (own === undefined || item.metadata.name === own),
  )
  send({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: matching })
}

const involved = (event: KubeItem) =>
  (event as { involvedObject?: { readonly name: string; readonly kind?: string } }).involvedObject
