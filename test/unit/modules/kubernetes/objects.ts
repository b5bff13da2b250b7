import { readFileSync } from 'node:fs'

export const config = (data: object, name = 'counter') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'counter',
    labels: { 'app.kubernetes.io/name': 'counter', 'app.kubernetes.io/part-of': 'counter' },
  },
  data,
})

export const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'counter' },
  spec: { replicas: 4 },
}

export const DIFF = readFileSync('test/fixtures/kubectl/diff-whole.txt', 'utf8')
