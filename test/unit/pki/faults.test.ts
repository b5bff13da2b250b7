import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openssl as ours } from '../../../src/pki/openssl.ts'
import { programs } from '../../../src/pki/program.ts'
import { x509_ca } from '../../../src/pki/x509_ca.ts'
import { x509_certificate } from '../../../src/pki/x509_certificate.ts'
import { runIn, shells } from '../../support/shells.ts'
import {
  CA_EXTENSIONS,
  caRequest,
  certificateRequest,
  contents,
  folder,
  openssl,
  planOfCa,
  planOfCertificate,
  redate,
} from './support.ts'

async function whole(t: Test): Promise<string> {
  const dir = folder(t)
  await programs.make_ca(caRequest(dir))
  await programs.make_certificate(certificateRequest(dir))
  return dir
}

t.test('a CA that is not in order is told, and neither used nor replaced', async (t) => {
  const rotate = 'have a new CA made \\(x509_ca with generation: 2\\)'
  const putBack = `put it back from a backup, or ${rotate}`
  const short = (dir: string, name: string): void => {
    writeFileSync(join(dir, name), (contents(dir)[name] ?? '').slice(0, -60))
  }
  const cases: [what: string, happens: (dir: string) => void, ca: string, certificate: string | null][] = [
    [
      'no key',
      (dir) => {
        rmSync(join(dir, 'ca.key'))
      },
      `DIR/ca.key is missing: ${putBack}`,
      null,
    ],
    [
      'half a key',
      (dir) => {
        short(dir, 'ca.key')
      },
      `DIR/ca.key is damaged: ${putBack}`,
      null,
    ],
    [
      'an empty key',
      (dir) => {
        writeFileSync(join(dir, 'ca.key'), '')
      },
      `DIR/ca.key is damaged: ${putBack}`,
      null,
    ],
    [
      'another key',
      (dir) => {
        copyFileSync(join(dir, 'registry.key'), join(dir, 'ca.key'))
      },
      `DIR/ca.key is not the key of DIR/ca.crt: put back the one that is, or ${rotate}`,
      null,
    ],
    [
      'no certificate',
      (dir) => {
        rmSync(join(dir, 'ca.crt'))
      },
      `DIR/ca.crt is missing: ${putBack}`,
      'same',
    ],
    [
      'half a certificate',
      (dir) => {
        short(dir, 'ca.crt')
      },
      `DIR/ca.crt is damaged, .*: ${putBack}`,
      'same',
    ],
    [
      "a server's certificate",
      (dir) => {
        copyFileSync(join(dir, 'registry.crt'), join(dir, 'ca.crt'))
      },
      `DIR/ca.crt is damaged, or not the certificate of a CA that signed itself: ${putBack}`,
      'same',
    ],
    [
      'a bit that is not as it was signed',
      (dir) => {
        const der = Buffer.from(
          openssl('x509', '-in', join(dir, 'ca.crt')).replaceAll(/-----.*-----|\s/g, ''),
          'base64',
        )
        const at = der.indexOf('Test CA')
        der[at] = 'R'.charCodeAt(0)
        writeFileSync(
          join(dir, 'ca.crt'),
          `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
        )
      },
      `DIR/ca.crt is damaged, .*: ${putBack}`,
      'same',
    ],
    [
      'a clock that is behind',
      (dir) => {
        redate(dir, 'ca', 'ca', '20980101000000Z', '20990101000000Z', CA_EXTENSIONS)
      },
      'the clock of this machine says \\S+Z, and the CA in DIR begins on 2098-01-01T00:00:00Z: set the clock',
      'same',
    ],
    [
      'an end',
      (dir) => {
        redate(dir, 'ca', 'ca', '20200101000000Z', '20210101000000Z', CA_EXTENSIONS)
      },
      `the CA in DIR ended on 2021-01-01T00:00:00Z: ${rotate}`,
      'same',
    ],
    [
      'a number that is none',
      (dir) => {
        writeFileSync(join(dir, 'ca.generation'), 'two')
      },
      'DIR/ca.generation is damaged: write into it how often x509_ca was asked for a new one, 1 if never',
      'same',
    ],
    [
      'a folder in place of the key',
      (dir) => {
        rmSync(join(dir, 'ca.key'))
        mkdirSync(join(dir, 'ca.key'))
      },
      'cannot read DIR/ca.key: EIS[D]IR.*',
      'same',
    ],
  ]
  for (const [what, happens, ca, certificate] of cases) {
    const dir = await whole(t)
    happens(dir)
    const says = new RegExp(`^problem: ${ca.replaceAll('DIR', dir)}$`)
    t.match(await planOfCa(dir), [says], what)
    const of = await planOfCertificate(dir, certificate === null ? { names: ['x'] } : {})
    t.match(
      of,
      [
        certificate === null
          ? new RegExp(
              `^problem: cannot issue the certificate of registry for x \\(.*\\): ${ca.replaceAll('DIR', dir)}$`,
            )
          : says,
      ],
      what,
    )
    if (certificate === null) t.same(await planOfCertificate(dir), [], `${what}: what is in order stays`)
    const kept = what.startsWith('a folder') ? undefined : contents(dir)
    await t.rejects(programs.make_ca(caRequest(dir)), { name: 'Refusal' }, what)
    await t.rejects(programs.make_certificate(certificateRequest(dir, { names: ['x'] })), { name: 'Refusal' }, what)
    if (kept === undefined) continue
    t.same(contents(dir), kept, `${what}: nothing was touched`)
    if (what.startsWith('a number')) continue
    await programs.make_ca(caRequest(dir, { generation: 2 }))
    t.same(await planOfCa(dir), [], `${what}: a new one mends it`)
  }
})

t.test('a CA that is another than asked', async (t) => {
  const dir = await whole(t)
  t.same(await planOfCa(dir, { common_name: 'Other' }), [
    `problem: the CA in ${dir} is named «Test CA», and «Other» is asked: ask for what is there, or rotate it with generation: 2`,
  ])
  t.same(await planOfCa(dir, { key_type: 'rsa' }), [
    `problem: the CA in ${dir} is one with a key EC P-256, and RSA 3072 is asked: ask for what is there, or rotate it with generation: 2`,
  ])
})

t.test('no CA at all', async (t) => {
  const dir = folder(t)
  t.same(await planOfCertificate(dir), [`problem: there is no CA in ${dir}: make it with x509_ca first`])
  await t.rejects(programs.make_certificate(certificateRequest(dir)), { name: 'Refusal', message: 'there is no CA in' })
})

t.test('no openssl, no flock, one line each', (t) => {
  const [dash] = shells
  for (const [there, says] of [
    [['dash', 'flock'], 'openssl is not there: install the package openssl'],
    [['dash'], 'flock is not there: install the package util-linux'],
  ] as const) {
    const dir = folder(t)
    const path = join(dir, '../bin')
    mkdirSync(path)
    for (const name of there) symlinkSync(`/usr/bin/${name}`, join(path, name))
    const { definition } = x509_ca
    const params = definition.schema.parse({ dir, common_name: 'Test CA' })
    const look = runIn(dash, definition.probe(params, {}), { env: { PATH: path } })
    const [change] = definition.plan(params, look, {}, {}).changes
    const { stderr, exitCode } = runIn(dash, change?.script ?? '', { env: { PATH: path } })
    t.same([stderr, exitCode], [`${says}\n`, 1])
    t.same(Object.keys(contents(dir)), [], 'nothing half is left')
    t.same(definition.plan(params, runIn(dash, definition.probe(params, {})), {}, {}).changes.length, 1)
  }
  t.end()
})

t.test('a folder that cannot be made', async (t) => {
  const dir = folder(t)
  writeFileSync(dir, '')
  t.match(await planOfCa(dir), [/^problem: cannot read .*ca.crt: ENOTDIR/])
  await t.rejects(programs.make_ca(caRequest('/sys/labbook/pki')), {
    name: 'Refusal',
    message: /^E[A-Z]+: .*mkdir '\/sys\/labbook/,
  })
})

t.test('what another user may not read', async (t) => {
  const dir = await whole(t)
  chmodSync(join(dir, '..'), 0o755)
  const { definition } = x509_certificate
  const params = definition.schema.parse({ dir, name: 'registry', names: ['node1'] })
  // The worker itself is root's, so the one who looks is another.
  process.setegid?.(65534)
  process.seteuid?.(65534)
  const looked = programs.look_certificate(certificateRequest(dir)).then(
    () => 'seen',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  const said = await looked.finally(() => {
    process.seteuid?.(0)
    process.setegid?.(0)
  })
  t.match(said, /^Refusal: cannot read .*: it is another user's \(become\?\)$/)
  t.match(definition.plan(params, { stdout: '', stderr: said, exitCode: 1 }, {}, {}), { problem: said, changes: [] })
})

t.test('what openssl says of a failure, in a line', async (t) => {
  const dir = folder(t)
  mkdirSync(dir)
  writeFileSync(join(dir, 'no.key'), 'x')
  await t.rejects(ours('req', { new: true, key: join(dir, 'no.key') }), {
    name: 'Refusal',
    message: /^openssl req failed: .*no\.key/,
  })
  await t.rejects(ours('nonsense', {}), { message: /^openssl nonsense failed: Invalid command/ })
  await t.rejects(ours('genpkey', { algorithm: 'EC', pkeyopt: 'nothing' }), {
    message: /^openssl genpkey failed: .*nothing[^\n]*$/,
  })
  await t.rejects(
    ours('version', { nonsense: true }, 'x'.repeat(1 << 20)),
    { message: /^openssl version failed: / },
    'one that does not read its input',
  )
  t.match((await ours('base64', { e: true }, 'abc')).toString(), 'YWJj')

  // The package would take this for success.
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'openssl'), '#!/bin/sh\necho half\nkill -9 $$\n', { mode: 0o755 })
  const path = process.env['PATH']
  process.env['PATH'] = bin
  await t.rejects(
    ours('version', {}).finally(() => {
      process.env['PATH'] = path
    }),
    { message: 'openssl version was ended by SIGKILL' },
  )
  t.match(readFileSync(join(bin, 'openssl'), 'utf8'), 'half')
})
