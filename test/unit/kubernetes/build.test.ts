import t from 'tap'
import { moduleFile } from '../../kubernetes/build.ts'

t.test('moduleFile() replaces the libraries of Kubernetes by their releases', async (t) => {
  const own = [
    'module k8s.io/kubernetes',
    'go 1.25.0',
    'require (\n\tk8s.io/api v0.0.0\n)',
    'replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)',
    '',
  ]
  t.equal(
    moduleFile(own.join('\n')),
    [
      'module labbook.test/kubernetes',
      ...own.slice(1, 3),
      'replace (\n\tk8s.io/api => k8s.io/api v0.35.4\n)',
      '',
      'require k8s.io/kubernetes v1.35.4',
      '',
    ].join('\n'),
  )
})
