import { createHmac } from 'node:crypto'
import t from 'tap'
import { checkHostKey, knownHostName, knownKeyTypes, parseKnownHosts } from '../../../src/connection/known-hosts.ts'

const offered = { type: 'ssh-ed25519', key: 'AAAA' }
const judge = (text: string, address = 'node1.example.org', port = 22) =>
  checkHostKey(parseKnownHosts(text, 'kh'), address, port, offered)

function hashed(name: string): string {
  const salt = Buffer.alloc(20, 7)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

t.test('entry matches a host by name, pattern, list or hash, with the port if it is not 22', async (t) => {
  const known: [string, number?][] = [
    ['node1.example.org'],
    ['NODE1.example.org'],
    ['other,node1.example.org'],
    ['*.example.org'],
    ['node?.example.*'],
    [hashed('node1.example.org')],
    ['[node1.example.org]:2222', 2222],
    [hashed('[node1.example.org]:2222'), 2222],
    ['node1.example.org', 2222],
    ['*', 2222],
  ]
  for (const [hosts, port] of known)
    t.equal(judge(`${hosts} ssh-ed25519 AAAA comment`, undefined, port).status, 'known', hosts)
  const unknown: [string, number?][] = [
    ['node1'],
    ['node1xexample.org'],
    ['*.example.org,!node1.*'],
    ['!node2.example.org'],
    [hashed('node2')],
    ['[node1.example.org]:2222'],
    ['[node1.example.org]:2222', 2223],
    ['#node1.example.org'],
    ['|1|broken'],
    ['|2|a|b'],
  ]
  for (const [hosts, port] of unknown)
    t.equal(judge(`${hosts} ssh-ed25519 AAAA`, undefined, port).status, 'unknown', hosts)
})

t.test('another key of the same type is changed, one of another type is unknown', async (t) => {
  t.same(judge('# c\n\n* ssh-ed25519 BBBB\n'), { status: 'changed', location: 'kh:3' })
  t.same(judge('* ssh-rsa BBBB'), { status: 'unknown', otherTypes: ['ssh-rsa'] })
  t.same(judge('* ssh-ed25519 BBBB\n* ssh-ed25519 AAAA'), { status: 'known' }, 'any matching entry is enough')
})

t.test('entry without a port and with another key is ignored for other ports', async (t) => {
  t.same(judge('node1.example.org ssh-ed25519 BBBB', undefined, 2222), { status: 'unknown', otherTypes: [] })
})

t.test('revoked key is rejected even if another entry has it', async (t) => {
  t.same(judge('* ssh-ed25519 AAAA\n@revoked * ssh-ed25519 AAAA'), { status: 'revoked', location: 'kh:2' })
  t.same(judge('@revoked * ssh-ed25519 BBBB'), { status: 'unknown', otherTypes: [] })
})

t.test('@cert-authority lines and incomplete lines are ignored', async (t) => {
  t.same(parseKnownHosts('@cert-authority * ssh-ed25519 AAAA\nnode1 ssh-ed25519\nnode1\n\r\n', 'kh'), [])
})

t.test('known key types of a host, those for its port first', async (t) => {
  const known = parseKnownHosts(
    'n ssh-rsa A\n[n]:22022 ssh-ed25519 B\n[n]:22022 ssh-ed25519 C\n@revoked n ssh-dss D',
    'kh',
  )
  t.same(knownKeyTypes(known, 'n', 22022), ['ssh-ed25519', 'ssh-rsa'])
  t.same(knownKeyTypes(known, 'n', 22), ['ssh-rsa'])
})

t.test('host names in known_hosts format', async (t) => {
  t.equal(knownHostName('Node1', 22), 'node1')
  t.equal(knownHostName('Node1', 2222), '[node1]:2222')
})
