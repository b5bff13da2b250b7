import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { programs } from '../../../src/pki/program.ts'
import {
  CA_EXTENSIONS,
  caRequest,
  certificateRequest,
  contents,
  convergeCertificate,
  folder,
  openssl,
  planOfCa,
  planOfCertificate,
  redate,
  SERVER_EXTENSIONS,
} from './support.ts'

/** A CA and a certificate of it, and then something happens to them. */
async function whole(t: Test): Promise<string> {
  const dir = folder(t)
  await programs.make_ca(caRequest(dir))
  await programs.make_certificate(certificateRequest(dir))
  return dir
}

const issue = (why: string): string[] => [`issue the certificate of registry for 10.77.0.11, node1${why}`]
const damage = (dir: string, name: string): void => {
  writeFileSync(join(dir, name), (contents(dir)[name] ?? '').slice(0, -60))
}

t.test('why a certificate is made again, and that it then stays', async (t) => {
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
      ': it is damaged',
    ],
    [
      (dir) => {
        writeFileSync(join(dir, 'registry.crt'), '')
      },
      ': it is damaged',
    ],
    [
      (dir) => {
        rmSync(join(dir, 'registry.key'))
      },
      ': its key is missing',
    ],
    [
      (dir) => {
        damage(dir, 'registry.key')
      },
      ': its key is damaged',
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
      ': its key is encrypted',
    ],
    [otherKey, ': its key does not belong to it'],
    [dated(-1, 12.5), ': it ends in 12 days'],
    [dated(-1, 1.5), ': it ends in 1 day'],
    [dated(-1, 0.5), ': it ends in less than a day'],
    [dated(-9, -2), /: it ended on \d{4}-\d\d-\d\dT[\d:]+Z$/],
    [dated(9, 99), /: it is not valid before \d{4}-\d\d-\d\dT[\d:]+Z$/],
    [dated(-1, 99, 'subjectAltName=DNS:node1,IP:10.77.0.11'), ': it is not one of a server'],
    [dated(-1, 99, SERVER_EXTENSIONS.replace('node1', 'node2')), ': it lacks node1, it has node2 too'],
    [dated(-1, 99, 'extendedKeyUsage=serverAuth'), ': it lacks 10.77.0.11, node1'],
    [
      (dir) => programs.make_certificate(certificateRequest(dir, { key_type: 'rsa' })),
      ': its key is RSA 3072, EC P-256 is asked',
    ],
    [(dir) => programs.make_ca(caRequest(dir, { generation: 2 })), ': another CA issued it'],
    // The same name, and a key of its own.
    [
      (dir) => {
        rmSync(join(dir, 'ca.key'))
        return programs.make_ca(caRequest(dir, { generation: 2 }))
      },
      ': another CA issued it',
    ],
  ]
  for (const [happens, why] of cases) {
    const dir = await whole(t)
    t.same(await planOfCertificate(dir), [])
    await happens(dir)
    const [planned, ...others] = await planOfCertificate(dir)
    t.match(planned, typeof why === 'string' ? new RegExp(`^${issue(why)[0]}$`) : why)
    t.same(others, [])
    await programs.make_certificate(certificateRequest(dir))
    t.same(await planOfCertificate(dir), [], `after${String(why)}`)
    t.match(openssl('verify', '-CAfile', join(dir, 'ca.crt'), join(dir, 'registry.crt')), 'OK')
  }
})

t.test('several reasons at once, through the worker, and what is shown', async (t) => {
  const dir = await whole(t)
  const { fingerprint } = (await programs.look_certificate(certificateRequest(dir))).seen.certificate as {
    fingerprint: string
  }
  const { before, after } = convergeCertificate({ dir, names: ['node1', 'node2'], key_type: 'rsa', generation: 2 })
  t.same(
    before.changes.map(({ description }) => description),
    [
      'issue the certificate of registry for node1, node2: ' +
        'it lacks node2, it has 10.77.0.11 too, its key is EC P-256, RSA 3072 is asked, generation 2 is asked, it is of generation 1',
    ],
  )
  const { diff } = before.changes[0] ?? {}
  t.equal(diff?.subject, `${dir}/registry.crt`)
  t.match(
    diff?.before,
    new RegExp(
      `^subject: registry\nname: 10.77.0.11\nname: node1\nissuer: Test CA\nbegins: \\S+Z\nends: \\S+Z\nkey: EC P-256\nfingerprint: ${fingerprint}\n$`,
    ),
  )
  t.equal(
    diff?.after,
    'subject: registry\nname: node1\nname: node2\nissuer: Test CA\nbegins: when it is made\nends: 397 days later\nkey: RSA 3072\n' +
      'fingerprint: of the certificate that is made\n',
  )
  t.same(after.changes, [])
  t.equal(contents(dir)['registry.generation'], '2\n')
  t.same(
    await planOfCertificate(dir, { names: ['node1', 'node2'], key_type: 'rsa', generation: 1 }),
    [],
    'a lower generation is not gone back to',
  )
})

t.test('a CA that ends before the certificate would', async (t) => {
  const dir = folder(t)
  await programs.make_ca(caRequest(dir, { valid_days: 100 }))
  await programs.make_certificate(certificateRequest(dir))
  const { certificate } = (await programs.look_certificate(certificateRequest(dir))).seen
  const { ca } = await programs.look_certificate(certificateRequest(dir))
  t.ok((certificate as typeof ca).not_after <= ca.not_after, 'no certificate outlives its CA')
  t.same(await planOfCertificate(dir), [])
  t.match(await planOfCertificate(dir, { renew_before_days: 200 }), [
    /^problem: cannot issue .* \(it ends in 9\d days\): the CA in .* ends in 9\d days, and certificates are renewed 200 days before they end: have a new CA made \(x509_ca with generation: 2\)$/,
  ])
})

t.test('a new CA by a higher generation', async (t) => {
  const dir = await whole(t)
  const old = contents(dir)
  t.same(await planOfCa(dir, { generation: 2, common_name: 'Next', key_type: 'rsa' }), [
    `make a new CA «Next» in ${dir} (RSA 3072): generation 2 is asked, it is of generation 1`,
  ])
  const next = caRequest(dir, { generation: 2, common_name: 'Next', key_type: 'rsa' })
  await programs.make_ca(next)
  t.same(await planOfCa(dir, next), [])
  const now = contents(dir)
  t.not(now['ca.key'], old['ca.key'])
  t.equal(now['ca-bundle.crt'], `${now['ca.crt']}${old['ca.crt']}`, 'the new one first, the old one after')
  t.equal(now['ca.generation'], '2\n')
  t.match(
    openssl('verify', '-CAfile', join(dir, 'ca-bundle.crt'), join(dir, 'registry.crt')),
    'OK',
    'servers that have not changed yet are trusted',
  )
  await programs.make_certificate(certificateRequest(dir))
  for (const trusted of ['ca-bundle.crt', 'ca.crt'])
    t.match(openssl('verify', '-CAfile', join(dir, trusted), join(dir, 'registry.crt')), 'OK')
  t.same(await planOfCa(dir, { ...next, keep_previous: false }), [`mend the CA in ${dir}: write ca-bundle.crt anew`])
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

t.test('a CA that has ended leaves the bundle, and its certificate the rest', async (t) => {
  const dir = await whole(t)
  redate(dir, 'ca', 'ca', '20200101000000Z', '20210101000000Z', CA_EXTENSIONS)
  await programs.make_ca(caRequest(dir, { generation: 2 }))
  t.equal(contents(dir)['ca-bundle.crt'], contents(dir)['ca.crt'])
})

t.test('a damaged certificate of a CA is in the bundle still, and stays there when a new one is made', async (t) => {
  const dir = await whole(t)
  const old = contents(dir)['ca.crt']
  copyFileSync(join(dir, 'registry.key'), join(dir, 'ca.crt'))
  await programs.make_ca(caRequest(dir, { generation: 2 }))
  t.equal(contents(dir)['ca-bundle.crt'], `${contents(dir)['ca.crt']}${old}`)
})
