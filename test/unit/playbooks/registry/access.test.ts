import { execFileSync } from 'node:child_process'
import t from 'tap'
import { namesNotIn } from '../../../../playbooks/registry/access.ts'

t.test('a certificate covers exactly its names and addresses', async (t) => {
  const pem = execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'],
    ...['-subj', '/CN=subject', '-addext', 'subjectAltName=DNS:registry.example,DNS:node1,IP:10.0.0.12,IP:fd00::1'],
  ]).toString()
  t.strictSame(namesNotIn(`subject=CN = x\n${pem}`, ['registry.example', 'node1', '10.0.0.12', 'fd00::1']), [])
  t.strictSame(namesNotIn(pem, ['registry', 'node', '10.0.0.1', 'fd00::2', 'subject', 'a.node1']), [
    'registry',
    'node',
    '10.0.0.1',
    'fd00::2',
    'subject',
    'a.node1',
  ])
  t.strictSame(namesNotIn('connect: Connection refused', ['node1']), ['node1'])
})
