import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openssl as ours } from '../../../../src/modules/x509/openssl.ts'
import { programs } from '../../../../src/modules/x509/program.ts'
import { x509_ca } from '../../../../src/modules/x509/x509_ca.ts'
import { x509_certificate } from '../../../../src/modules/x509/x509_certificate.ts'
import { runIn, shells } from '../../../support/shells.ts'
import {
  caAndCertificate,
  CA_EXTENSIONS,
  caRequest,
  certificateRequest,
  contents,
  temporaryDirectory,
  openssl,
  planOfCa,
  planOfCertificate,
  redate,
} from './support.ts'

t.test('a damaged CA is reported, and neither used nor replaced', async (t) => {
  const rotate = 'rotate the CA \\(x509_ca with generation: 2\\)'
  const restore = `restore it from a backup, or ${rotate}`
  const short = (dir: string, name: string): void => {
    writeFileSync(join(dir, name), (contents(dir)[name] ?? '').slice(0, -60))
  }
  const cases: [what: string, happens: (dir: string) => void, ca: string, certificate: string | null][] = [
    [
      'no key',
      (dir) => {
        rmSync(join(dir, 'ca.key'))
      },
      `"DIR/ca.key" is missing: ${restore}`,
      null,
    ],
    [
      'half a key',
      (dir) => {
        short(dir, 'ca.key')
      },
      `"DIR/ca.key" is damaged: ${restore}`,
      null,
    ],
    [
      'an empty key',
      (dir) => {
        writeFileSync(join(dir, 'ca.key'), '')
      },
      `"DIR/ca.key" is damaged: ${restore}`,
      null,
    ],
    [
      'another key',
      (dir) => {
        copyFileSync(join(dir, 'registry.key'), join(dir, 'ca.key'))
      },
      `"DIR/ca.key" does not match "DIR/ca.crt": restore the matching key, or ${rotate}`,
      null,
    ],
    [
      'no certificate',
      (dir) => {
        rmSync(join(dir, 'ca.crt'))
      },
      `"DIR/ca.crt" is missing: ${restore}`,
      'same',
    ],
    [
      'half a certificate',
      (dir) => {
        short(dir, 'ca.crt')
      },
      `"DIR/ca.crt" is damaged, .*: ${restore}`,
      'same',
    ],
    [
      "a server's certificate",
      (dir) => {
        copyFileSync(join(dir, 'registry.crt'), join(dir, 'ca.crt'))
      },
      `"DIR/ca.crt" is damaged, or not a self-signed CA certificate: ${restore}`,
      'same',
    ],
    [
      'an invalid signature',
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
      `"DIR/ca.crt" is damaged, .*: ${restore}`,
      'same',
    ],
    [
      'a CA that is not valid yet',
      (dir) => {
        redate(dir, 'ca', 'ca', '20980101000000Z', '20990101000000Z', CA_EXTENSIONS)
      },
      'the CA in "DIR" is not valid before 2098-01-01T00:00:00Z, and the clock of this machine shows \\S+Z: set the clock',
      'same',
    ],
    [
      'an expired CA',
      (dir) => {
        redate(dir, 'ca', 'ca', '20200101000000Z', '20210101000000Z', CA_EXTENSIONS)
      },
      `the CA in "DIR" expired on 2021-01-01T00:00:00Z: ${rotate}`,
      'same',
    ],
    [
      'an invalid generation',
      (dir) => {
        writeFileSync(join(dir, 'ca.generation'), 'two')
      },
      '"DIR/ca.generation" is damaged: write the last "generation" of x509_ca into it, 1 by default',
      'same',
    ],
    [
      'a directory in place of the key',
      (dir) => {
        rmSync(join(dir, 'ca.key'))
        mkdirSync(join(dir, 'ca.key'))
      },
      'cannot read "DIR/ca.key": EIS[D]IR.*',
      'same',
    ],
  ]
  for (const [what, happens, ca, certificate] of cases) {
    const dir = await caAndCertificate(t)
    happens(dir)
    const message = new RegExp(`^problem: ${ca.replaceAll('DIR', dir)}$`)
    t.match(await planOfCa(dir), [message], what)
    const of = await planOfCertificate(dir, certificate === null ? { names: ['x'] } : {})
    t.match(
      of,
      [
        certificate === null
          ? new RegExp(`^problem: cannot issue certificate registry for x \\(.*\\): ${ca.replaceAll('DIR', dir)}$`)
          : message,
      ],
      what,
    )
    if (certificate === null) t.same(await planOfCertificate(dir), [], `${what}: a valid certificate stays`)
    const before = what.startsWith('a directory') ? undefined : contents(dir)
    await t.rejects(programs.make_ca(caRequest(dir)), { name: 'Refusal' }, what)
    await t.rejects(programs.make_certificate(certificateRequest(dir, { names: ['x'] })), { name: 'Refusal' }, what)
    if (before === undefined) continue
    t.same(contents(dir), before, `${what}: unchanged`)
    if (what.startsWith('an invalid generation')) continue
    await programs.make_ca(caRequest(dir, { generation: 2 }))
    t.same(await planOfCa(dir), [], `${what}: rotation fixes it`)
  }
})

t.test('x509_ca rejects other parameters than those of the existing CA', async (t) => {
  const dir = await caAndCertificate(t)
  t.same(await planOfCa(dir, { common_name: 'Other' }), [
    `problem: the CA in "${dir}" has common name "Test CA", not "Other": change the parameter, or rotate the CA with generation: 2`,
  ])
  t.same(await planOfCa(dir, { key_type: 'rsa' }), [
    `problem: the CA in "${dir}" has key type EC P-256, not RSA 3072: change the parameter, or rotate the CA with generation: 2`,
  ])
})

t.test('x509_certificate reports a missing CA', async (t) => {
  const dir = temporaryDirectory(t)
  t.same(await planOfCertificate(dir), [`problem: no CA in "${dir}": run x509_ca first`])
  await t.rejects(programs.make_certificate(certificateRequest(dir)), { name: 'Refusal', message: 'no CA in' })
})

t.test('a missing openssl or flock is reported in one line', (t) => {
  const [dash] = shells
  for (const [installed, message] of [
    [['dash', 'flock'], 'openssl is missing: install the package openssl'],
    [['dash'], 'flock is missing: install the package util-linux'],
  ] as const) {
    const dir = temporaryDirectory(t)
    const path = join(dir, '../bin')
    mkdirSync(path)
    for (const name of installed) symlinkSync(`/usr/bin/${name}`, join(path, name))
    const { definition } = x509_ca
    const params = definition.schema.parse({ dir, common_name: 'Test CA' })
    const look = runIn(dash, definition.probe(params, {}), { env: { PATH: path } })
    const [change] = definition.plan(params, look, {}, {}).changes
    const { stderr, exitCode } = runIn(dash, change?.script ?? '', { env: { PATH: path } })
    t.same([stderr, exitCode], [`${message}\n`, 1], `with ${installed.join(', ')} only`)
    t.same(Object.keys(contents(dir)), [], `with ${installed.join(', ')} only: no partial files remain`)
    t.same(
      definition.plan(params, runIn(dash, definition.probe(params, {})), {}, {}).changes.length,
      1,
      `with ${installed.join(', ')} only`,
    )
  }
  t.end()
})

t.test('a directory that cannot be created is reported', async (t) => {
  const dir = temporaryDirectory(t)
  writeFileSync(dir, '')
  t.match(await planOfCa(dir), [/^problem: cannot read .*ca\.crt": ENOTDIR/])
  await t.rejects(programs.make_ca(caRequest('/sys/labbook/pki')), {
    name: 'Refusal',
    message: /^E[A-Z]+: .*mkdir '\/sys\/labbook/,
  })
})

t.test('missing permissions are reported', async (t) => {
  const dir = await caAndCertificate(t)
  chmodSync(join(dir, '..'), 0o755)
  const { definition } = x509_certificate
  const params = definition.schema.parse({ dir, name: 'registry', names: ['node1'] })
  // Drop privileges here, since the worker runs as root.
  process.setegid?.(65534)
  process.seteuid?.(65534)
  const read = programs.look_certificate(certificateRequest(dir)).then(
    () => 'readable',
    (error: unknown) => String(error),
  )
  const message = await read.finally(() => {
    process.seteuid?.(0)
    process.setegid?.(0)
  })
  t.match(message, /^Refusal: cannot read .*: permission denied \(set become\?\)$/)
  t.match(definition.plan(params, { stdout: '', stderr: message, exitCode: 1 }, {}, {}), {
    problem: message,
    changes: [],
  })
})

t.test('openssl() reports a failure in one line', async (t) => {
  const dir = temporaryDirectory(t)
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
    'a process that does not read its input',
  )
  t.match((await ours('base64', { e: true }, 'abc')).toString(), 'YWJj')

  // The package treats this as success.
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'openssl'), '#!/bin/sh\necho half\nkill -9 $$\n', { mode: 0o755 })
  const path = process.env['PATH']
  process.env['PATH'] = bin
  await t.rejects(
    ours('version', {}).finally(() => {
      process.env['PATH'] = path
    }),
    { message: 'openssl version was killed by SIGKILL' },
  )
  t.match(readFileSync(join(bin, 'openssl'), 'utf8'), 'half')
})
