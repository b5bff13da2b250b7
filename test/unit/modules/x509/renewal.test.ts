import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { programs } from '../../../../src/modules/x509/program.ts'
import {
  caAndCertificate,
  CA_EXTENSIONS,
  caRequest,
  certificateRequest,
  contents,
  convergeCertificate,
  temporaryDirectory,
  openssl,
  planOfCa,
  planOfCertificate,
  redate,
  SERVER_EXTENSIONS,
} from './support.ts'

const issue = (why: string): string[] => [`issue certificate registry for 10.77.0.11, node1${why}`]
const damage = (dir: string, name: string): void => {
  writeFileSync(join(dir, name), (contents(dir)[name] ?? '').slice(0, -60))
}

t.test('x509_certificate renews a mismatched certificate once, with the reason', async (t) => {
  const otherKey = (dir: string): void => {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', join(dir, 'registry.key'))
  }
  const date = (days: number): string =>
    `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  const dated =
    (starts: number, ends: number, extensions = SERVER_EXTENSIONS) =>
    (dir: string): void => {
      redate(dir, 'registry', 'ca', date(starts), date(ends), extensions)
    }
  const cases: [happens: (dir: string) => unknown, why: string | RegExp][] = [
    [
      (dir) => {
        rmSync(join(dir, 'registry.crt'))
      },
      '',
    ],
    [
      (dir) => {
        damage(dir, 'registry.crt')
      },
      ': damaged',
    ],
    [
      (dir) => {
        writeFileSync(join(dir, 'registry.crt'), '')
      },
      ': damaged',
    ],
    [
      (dir) => {
        rmSync(join(dir, 'registry.key'))
      },
      ': key is missing',
    ],
    [
      (dir) => {
        damage(dir, 'registry.key')
      },
      ': key is damaged',
    ],
    [
      (dir) => {
        openssl(
          'ec',
          '-in',
          join(dir, 'registry.key'),
          '-aes128',
          '-passout',
          'pass:x',
          '-out',
          join(dir, 'registry.key'),
        )
      },
      ': key is encrypted',
    ],
    [otherKey, ': key does not match'],
    [dated(-1, 12.5), ': expires in 12 days'],
    [dated(-1, 1.5), ': expires in 1 day'],
    [dated(-1, 0.5), ': expires in less than a day'],
    [dated(-9, -2), /: expired on \d{4}-\d\d-\d\dT[\d:]+Z$/],
    [dated(9, 99), /: not valid before \d{4}-\d\d-\d\dT[\d:]+Z$/],
    [dated(-1, 99, 'subjectAltName=DNS:node1,IP:10.77.0.11'), ': not a server certificate'],
    [dated(-1, 99, SERVER_EXTENSIONS.replace('node1', 'node2')), ': missing names: node1, extra names: node2'],
    [dated(-1, 99, 'extendedKeyUsage=serverAuth'), ': missing names: 10.77.0.11, node1'],
    [
      (dir) => programs.make_certificate(certificateRequest(dir, { key_type: 'rsa' })),
      ': key type is RSA 3072, not EC P-256',
    ],
    [(dir) => programs.make_ca(caRequest(dir, { generation: 2 })), ': issued by another CA'],
    // Same name, different key.
    [
      (dir) => {
        rmSync(join(dir, 'ca.key'))
        return programs.make_ca(caRequest(dir, { generation: 2 }))
      },
      ': issued by another CA',
    ],
  ]
  for (const [happens, why] of cases) {
    const dir = await caAndCertificate(t)
    t.same(await planOfCertificate(dir), [], `after${String(why)}`)
    await happens(dir)
    const [planned, ...others] = await planOfCertificate(dir)
    t.match(planned, typeof why === 'string' ? new RegExp(`^${issue(why)[0]}$`) : why, `after${String(why)}`)
    t.same(others, [], `after${String(why)}`)
    await programs.make_certificate(certificateRequest(dir))
    t.same(await planOfCertificate(dir), [], `after${String(why)}`)
    t.match(openssl('verify', '-CAfile', join(dir, 'ca.crt'), join(dir, 'registry.crt')), 'OK', `after${String(why)}`)
  }
})

t.test('x509_certificate reports several reasons and a diff through the worker', async (t) => {
  const dir = await caAndCertificate(t)
  const { fingerprint } = (await programs.look_certificate(certificateRequest(dir))).state.certificate as {
    fingerprint: string
  }
  const { before, after } = convergeCertificate({ dir, names: ['node1', 'node2'], key_type: 'rsa', generation: 2 })
  t.same(
    before.changes.map(({ description }) => description),
    [
      'issue certificate registry for node1, node2: ' +
        'missing names: node2, extra names: 10.77.0.11, key type is EC P-256, not RSA 3072, generation 2 is requested, the current one is 1',
    ],
  )
  const { diff } = before.changes[0] ?? {}
  t.equal(diff?.subject, `${dir}/registry.crt`)
  t.match(
    diff?.before,
    new RegExp(
      `^subject: registry\nname: 10.77.0.11\nname: node1\nissuer: Test CA\nnot before: \\S+Z\nnot after: \\S+Z\nkey: EC P-256\nfingerprint: ${fingerprint}\n$`,
    ),
  )
  t.equal(
    diff?.after,
    'subject: registry\nname: node1\nname: node2\nissuer: Test CA\nnot before: time of issue\nnot after: 397 days after issue\nkey: RSA 3072\n' +
      'fingerprint: not known yet\n',
  )
  t.same(after.changes, [])
  t.equal(contents(dir)['registry.generation'], '2\n')
  t.same(
    await planOfCertificate(dir, { names: ['node1', 'node2'], key_type: 'rsa', generation: 1 }),
    [],
    'a lower generation is ignored',
  )
})

t.test('no certificate outlives its CA', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir, { valid_days: 100 }))
  await programs.make_certificate(certificateRequest(dir))
  const { certificate } = (await programs.look_certificate(certificateRequest(dir))).state
  const { ca } = await programs.look_certificate(certificateRequest(dir))
  t.ok((certificate as typeof ca).not_after <= ca.not_after, 'validity is limited by the CA')
  t.same(await planOfCertificate(dir), [])
  t.match(await planOfCertificate(dir, { renew_before_days: 200 }), [
    /^problem: cannot issue .* \(expires in 9\d days\): the CA in .* expires in 9\d days, and certificates are renewed 200 days before they expire: rotate the CA \(x509_ca with generation: 2\)$/,
  ])
})

t.test('a higher generation rotates the CA', async (t) => {
  const dir = await caAndCertificate(t)
  const old = contents(dir)
  t.same(await planOfCa(dir, { generation: 2, common_name: 'Next', key_type: 'rsa' }), [
    `rotate CA "Next" in ${dir} (RSA 3072): generation 2 is requested, the current one is 1`,
  ])
  const next = caRequest(dir, { generation: 2, common_name: 'Next', key_type: 'rsa' })
  await programs.make_ca(next)
  t.same(await planOfCa(dir, next), [])
  const now = contents(dir)
  t.not(now['ca.key'], old['ca.key'])
  t.equal(now['ca-bundle.crt'], `${now['ca.crt']}${old['ca.crt']}`, 'the new certificate first, then the old one')
  t.equal(now['ca.generation'], '2\n')
  t.match(
    openssl('verify', '-CAfile', join(dir, 'ca-bundle.crt'), join(dir, 'registry.crt')),
    'OK',
    'certificates of the old CA stay trusted',
  )
  await programs.make_certificate(certificateRequest(dir))
  for (const trusted of ['ca-bundle.crt', 'ca.crt'])
    t.match(openssl('verify', '-CAfile', join(dir, trusted), join(dir, 'registry.crt')), 'OK', `trusted: ${trusted}`)
  t.same(await planOfCa(dir, { ...next, keep_previous: false }), [`update CA in ${dir}: update ca-bundle.crt`])
  await programs.make_ca({ ...next, keep_previous: false })
  t.equal(contents(dir)['ca-bundle.crt'], now['ca.crt'])
  t.equal(contents(dir)['ca.key'], now['ca.key'])
  await programs.make_ca({ ...next, generation: 7, passphrase: 'swordfish' })
  t.match(contents(dir), {
    'ca.generation': '7\n',
    'ca.key': 'ENCRYPTED',
    'ca-bundle.crt': `${contents(dir)['ca.crt']}${now['ca.crt']}`,
  })
})

t.test('an expired CA is removed from the bundle at rotation', async (t) => {
  const dir = await caAndCertificate(t)
  redate(dir, 'ca', 'ca', '20200101000000Z', '20210101000000Z', CA_EXTENSIONS)
  await programs.make_ca(caRequest(dir, { generation: 2 }))
  t.equal(contents(dir)['ca-bundle.crt'], contents(dir)['ca.crt'])
})

t.test('rotation keeps the previous CA in the bundle although its file is damaged', async (t) => {
  const dir = await caAndCertificate(t)
  const old = contents(dir)['ca.crt']
  copyFileSync(join(dir, 'registry.key'), join(dir, 'ca.crt'))
  await programs.make_ca(caRequest(dir, { generation: 2 }))
  t.equal(contents(dir)['ca-bundle.crt'], `${contents(dir)['ca.crt']}${old}`)
})
