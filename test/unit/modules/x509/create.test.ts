import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { programs } from '../../../../src/modules/x509/program.ts'
import { x509_certificate } from '../../../../src/modules/x509/x509_certificate.ts'
import {
  caRequest,
  certificateRequest,
  contents,
  convergeCa,
  convergeCertificate,
  temporaryDirectory,
  openssl,
  planOfCa,
  planOfCertificate,
} from './support.ts'

const textOf = (dir: string, name: string): string =>
  openssl('x509', '-in', join(dir, `${name}.crt`), '-noout', '-text').replaceAll(/\n\s+/g, '\n')
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

t.test('a new CA and certificate are valid for openssl', async (t) => {
  const dir = temporaryDirectory(t)
  const { before, applied, after } = convergeCa({ dir })
  t.same(
    before.changes.map(({ description }) => description),
    [`create CA "Test CA" in ${dir} (EC P-256)`],
  )
  t.same(
    applied.map(({ exitCode, stderr }) => [exitCode, stderr]),
    [[0, '']],
  )
  t.same(after.changes, [])
  const ca = new X509Certificate(readFileSync(join(dir, 'ca.crt')))
  t.match(after.values, {
    certificate: `${dir}/ca.crt`,
    bundle: `${dir}/ca-bundle.crt`,
    fingerprint: ca.fingerprint256,
    generation: 1,
  })
  t.equal(Date.parse(after.values?.not_after ?? ''), Date.parse(ca.validTo))

  const issued = convergeCertificate({ dir, names: ['Node1', '10.77.0.11', 'FD00:0::1', '*.lab.test', 'node1'] })
  t.same(
    issued.before.changes.map(({ description }) => description),
    ['issue certificate registry for *.lab.test, 10.77.0.11, fd00::1, node1'],
  )
  t.same(issued.after.changes, [], issued.after.problem ?? 'no problem')
  const certificate = new X509Certificate(readFileSync(join(dir, 'registry.crt')))
  t.match(issued.after.values, {
    certificate: `${dir}/registry.crt`,
    key: `${dir}/registry.key`,
    chain: `${dir}/registry.chain.pem`,
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber,
  })
  t.equal(
    openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      join(dir, 'ca.crt'),
      join(dir, 'registry.crt'),
    ),
    `${dir}/registry.crt: OK\n`,
  )
  for (const name of ['node1', 'a.lab.test', '10.77.0.11', 'fd00::1']) {
    const option = isIP(name) === 0 ? '-verify_hostname' : '-verify_ip'
    t.match(openssl('verify', '-CAfile', join(dir, 'ca.crt'), option, name, join(dir, 'registry.crt')), 'OK', name)
  }

  t.match(
    textOf(dir, 'ca'),
    'X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:0\nX509v3 Key Usage: critical\nCertificate Sign, CRL Sign\nX509v3 Subject Key Identifier:',
  )
  t.notMatch(textOf(dir, 'ca'), 'Extended Key Usage')
  t.match(
    textOf(dir, 'registry'),
    'X509v3 Key Usage: critical\nDigital Signature\nX509v3 Extended Key Usage: \nTLS Web Server Authentication\nX509v3 Subject Key Identifier:',
  )
  t.match(textOf(dir, 'registry'), 'DNS:*.lab.test, IP Address:10.77.0.11, IP Address:FD00:0:0:0:0:0:0:1, DNS:node1')
  t.equal(
    /Subject Key Identifier: \n(.*)/.exec(textOf(dir, 'ca'))?.[1],
    /Authority Key Identifier: \n(.*)/.exec(textOf(dir, 'registry'))?.[1],
  )
  for (const each of [ca, certificate]) {
    t.match(each.serialNumber, /^[0-9A-F]{32}$/, `serial number of ${each.subject}`)
    t.match(
      openssl('x509', '-in', join(dir, each === ca ? 'ca.crt' : 'registry.crt'), '-noout', '-serial'),
      `serial=${each.serialNumber}`,
      `serial number of ${each.subject}`,
    )
  }
  t.not(ca.serialNumber, certificate.serialNumber)
  const validDays = (each: X509Certificate): number =>
    (Date.parse(each.validTo) - Date.parse(each.validFrom)) / 86_400_000
  t.same([validDays(ca), validDays(certificate)], [3650, 397])

  t.equal(contents(dir)['registry.chain.pem'], `${contents(dir)['registry.crt']}${contents(dir)['ca.crt']}`)
  t.ok(new X509Certificate(readFileSync(join(dir, 'ca-bundle.crt'))).fingerprint256 === ca.fingerprint256)
  t.same(
    ['', 'ca.key', 'registry.key', 'ca.crt', 'registry.crt', 'ca-bundle.crt'].map((name) => modeOf(join(dir, name))),
    ['700', '600', '600', '644', '644', '644'],
  )
  t.notMatch(JSON.stringify([before, issued.before]), 'PRIVATE KEY')

  const files = contents(dir)
  t.same(
    [convergeCa({ dir }), convergeCertificate({ dir, names: ['*.LAB.test', 'fd00::1', 'node1', '10.77.0.11'] })].map(
      ({ before: plan }) => plan.changes,
    ),
    [[], []],
  )
  await programs.make_ca(caRequest(dir))
  await programs.make_certificate(certificateRequest(dir, { names: ['*.lab.test', '10.77.0.11', 'fd00::1', 'node1'] }))
  t.same(contents(dir), files, 'idempotent')
})

t.test('key_type rsa creates RSA keys', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir, { key_type: 'rsa' }))
  await programs.make_certificate(certificateRequest(dir, { key_type: 'rsa' }))
  t.match(textOf(dir, 'ca'), 'Public-Key: (3072 bit)')
  t.match(textOf(dir, 'registry'), 'Public-Key: (3072 bit)')
  t.match(textOf(dir, 'registry'), 'X509v3 Key Usage: critical\nDigital Signature, Key Encipherment\n')
  t.match(openssl('verify', '-x509_strict', '-CAfile', join(dir, 'ca.crt'), join(dir, 'registry.crt')), 'OK')
  t.same(await planOfCa(dir, { key_type: 'rsa' }), [])
  t.same(await planOfCertificate(dir, { key_type: 'rsa' }), [])
})

t.test('common_name may contain special characters', async (t) => {
  for (const common_name of ['Prüf/CN=x + "y" \\ $HOME #1', ' a ', 'a=b, O=c', '-subj', '日本']) {
    const dir = temporaryDirectory(t)
    await programs.make_ca(caRequest(dir, { common_name }))
    t.same(await planOfCa(dir, { common_name }), [], common_name)
  }
})

t.test('names round-trip through the certificate; invalid ones are rejected', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir))
  const { schema } = x509_certificate.definition
  const inputs = [
    ...fc.sample(fc.ipV6(), 60),
    ...fc.sample(fc.ipV4(), 30),
    ...fc.sample(fc.domain(), 30),
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '_a.b',
    'x',
    '*.x',
    'a'.repeat(63),
  ]
  const { names } = schema.parse({ dir, name: 'registry', names: inputs })
  await programs.make_certificate(certificateRequest(dir, { names }))
  t.same(await planOfCertificate(dir, { names }), [])
  for (const name of [
    '',
    'a b',
    '-a',
    'a-',
    '10.77.0.300',
    '1',
    'fe80::1%eth0',
    'a..b',
    'a.',
    'DNS:a',
    'x,IP:1.2.3.4',
    'a\nb',
    'a'.repeat(64),
    '*.*.a',
    'a.*',
  ]) {
    t.match(
      schema.safeParse({ dir, name: 'registry', names: [name] }).error?.message,
      'neither a DNS name nor an IP address',
      JSON.stringify(name),
    )
  }
})

t.test('x509_certificate rejects invalid parameters', (t) => {
  const why = (more: object): string =>
    x509_certificate.definition.schema.safeParse({ dir: '/srv/pki', name: 'a', names: ['a'], ...more }).error
      ?.message ?? 'none'
  t.match(why({ valid_days: 30 }), 'must be more than renew_before_days')
  t.match(why({ name: 'ca' }), 'reserved for the files of the CA')
  t.match(why({ name: '../a' }), 'must consist of up to 64 letters')
  t.match(why({ names: [] }), 'must have at least one name')
  t.match(why({ passphrase: '' }), 'the passphrase is empty')
  t.match(why({ passphrase: 'a\nb' }), 'one line')
  t.match(why({ dir: 'pki' }), 'absolute')
  t.equal(why({}), 'none')
  t.end()
})

t.test('a passphrase encrypts the key of a CA', async (t) => {
  const dir = temporaryDirectory(t)
  const passphrase = 'hünter "2\' $x'
  t.same(convergeCa({ dir, passphrase }).after.changes, [])
  t.same(convergeCertificate({ dir, passphrase }).after.changes, [])
  t.match(contents(dir)['ca.key'], /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
  t.match(openssl('asn1parse', '-in', join(dir, 'ca.key')), /scrypt[^]*aes-256-cbc/, 'scrypt')
  t.match(contents(dir)['registry.key'], /^-----BEGIN PRIVATE KEY-----/)
  t.same(await planOfCa(dir), [`problem: "${dir}/ca.key" is encrypted: set "passphrase"`])
  t.match(await planOfCa(dir, { passphrase: 'other' }), [/^problem: wrong passphrase for .*ca.key": set the right one/])
  t.same(await planOfCertificate(dir), [], 'a valid certificate needs no key')
  t.match(await planOfCertificate(dir, { names: ['x'] }), [
    /^problem: cannot issue certificate registry for x .*encrypted: set "passphrase"/,
  ])
  t.match(await planOfCertificate(dir, { names: ['x'], passphrase: 'no' }), [/wrong passphrase for/])
  const files = contents(dir)
  await t.rejects(programs.make_certificate(certificateRequest(dir, { names: ['x'], passphrase: 'no' })), {
    name: 'Refusal',
    message: 'wrong passphrase for',
  })
  await t.rejects(programs.make_ca(caRequest(dir)), { name: 'Refusal', message: 'set "passphrase"' })
  t.same(contents(dir), files)
})

t.test('a passphrase encrypts an existing key', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir))
  const [key, { 'ca.crt': certificate }] = [createPrivateKey(readFileSync(join(dir, 'ca.key'))), contents(dir)]
  const { before, after } = convergeCa({ dir, passphrase: 'swordfish' })
  t.same(
    before.changes.map(({ description }) => description),
    [`update CA in ${dir}: encrypt ca.key with the passphrase`],
  )
  t.same(after.changes, [])
  t.match(contents(dir)['ca.key'], 'ENCRYPTED')
  t.equal(contents(dir)['ca.crt'], certificate)
  t.ok(
    createPrivateKey({ key: readFileSync(join(dir, 'ca.key')), passphrase: 'swordfish' }).equals(key),
    'the same key',
  )
  t.equal(modeOf(join(dir, 'ca.key')), '600')
})

t.test('modes, bundle and chain are restored', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir))
  await programs.make_certificate(certificateRequest(dir))
  const original = contents(dir)
  chmodSync(dir, 0o755)
  chmodSync(join(dir, 'ca.key'), 0o640)
  chmodSync(join(dir, 'registry.key'), 0o644)
  writeFileSync(join(dir, 'ca-bundle.crt'), 'x')
  writeFileSync(join(dir, 'registry.chain.pem'), 'x')
  const ca = convergeCa({ dir })
  t.same(
    ca.before.changes.map(({ description }) => description),
    [`update CA in ${dir}: update ca-bundle.crt, set mode 0700 of the directory, set mode 0600 of ca.key`],
  )
  t.same(ca.after.changes, [])
  const certificate = convergeCertificate({ dir })
  t.same(
    certificate.before.changes.map(({ description }) => description),
    ['update certificate registry: update registry.chain.pem, set mode 0600 of registry.key'],
  )
  t.same(certificate.after.changes, [])
  t.same(contents(dir), original)
  t.same(
    ['', 'ca.key', 'registry.key'].map((name) => modeOf(join(dir, name))),
    ['700', '600', '600'],
  )
})

t.test('x509_ca rejects a shared directory with other files', async (t) => {
  const dir = temporaryDirectory(t)
  mkdirSync(dir)
  writeFileSync(join(dir, 'motd'), 'x')
  t.match(await planOfCa(dir), [
    /^problem: .* is accessible to others and contains other files: use a separate directory/,
  ])
  await t.rejects(programs.make_ca(caRequest(dir)), { name: 'Refusal' })
  t.equal(modeOf(dir), '755')
  t.same(Object.keys(contents(dir)), ['motd'])
})
