import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { programs } from '../../../../src/modules/x509/program.ts'
import {
  caAndCertificate,
  caRequest,
  certificateRequest,
  contents,
  temporaryDirectory,
  openssl,
  planOfCa,
  planOfCertificate,
  WORKER,
} from './support.ts'

interface ExitResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** Runs a program in a child process, like a module does. */
function work(
  program: keyof typeof programs,
  request: object,
  bin?: string,
): { child: ReturnType<typeof spawn>; ended: Promise<ExitResult> } {
  const env = { ...process.env, ...(bin === undefined ? {} : { PATH: `${bin}:${process.env['PATH']}` }) }
  const child = spawn(process.execPath, [WORKER, 'src/modules/x509/program.ts', program], {
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.end(JSON.stringify(request))
  return {
    child,
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve({ code, signal, stderr })
      })
    }),
  }
}

/** A directory for PATH with an `openssl` that first runs another command. */
function opensslWrapper(dir: string, command: string): string {
  const bin = join(dir, '../bin')
  mkdirSync(bin, { recursive: true })
  const real = process.env['PATH']
    ?.split(':')
    .map((each) => join(each, 'openssl'))
    .find((file) => {
      try {
        return readFileSync(file).length > 0
      } catch {
        return false
      }
    })
  writeFileSync(join(bin, 'openssl'), `#!/bin/sh\n${command}\nexec ${real} "$@"\n`, { mode: 0o755 })
  return bin
}

/** Asserts that the CA and its certificate are complete, without temporary files. */
async function assertComplete(t: Test, dir: string, ca = caRequest(dir)): Promise<void> {
  t.same(await planOfCa(dir, ca), [])
  t.same(await planOfCertificate(dir, ca.passphrase === undefined ? {} : { passphrase: ca.passphrase }), [])
  t.match(openssl('verify', '-CAfile', join(dir, 'ca.crt'), join(dir, 'registry.crt')), 'OK')
  t.same(
    readdirSync(dir).filter((name) => name.startsWith('.')),
    ['.lock'],
  )
}

t.test('concurrent programs create one CA and one certificate', async (t) => {
  const dir = temporaryDirectory(t)
  const creators = [1, 2, 3].map(() => work('make_ca', caRequest(dir)).ended)
  t.same(
    (await Promise.all(creators)).map(({ code, stderr }) => [code, stderr]),
    [
      [0, ''],
      [0, ''],
      [0, ''],
    ],
  )
  const first = contents(dir)
  t.same(await planOfCa(dir), [])
  t.same(Object.keys(first), ['ca-bundle.crt', 'ca.crt', 'ca.generation', 'ca.key'])
  await Promise.all([1, 2, 3, 4, 5].map(() => programs.make_ca(caRequest(dir, { generation: 2 }))))
  t.equal(contents(dir)['ca-bundle.crt'], `${contents(dir)['ca.crt']}${first['ca.crt']}`, 'one rotation, not five')
  const readers = Array.from({ length: 20 }, () => planOfCa(dir))
  await Promise.all([
    ...readers,
    ...['registry', 'web'].flatMap((name) =>
      [1, 2].map(() => programs.make_certificate(certificateRequest(dir, { name }))),
    ),
  ])
  for (const each of await Promise.all(readers)) t.same(each, [], 'a reader of the files')
  await assertComplete(t, dir)
})

t.test('a run killed at any call of openssl is completed by the next', async (t) => {
  const passphrase = 'swordfish'
  const withCa = temporaryDirectory(t)
  await programs.make_ca(caRequest(withCa, { passphrase }))
  for (const [program, calls] of [
    ['make_ca', 3],
    ['make_certificate', 3],
  ] as const) {
    for (let call = 1; call <= calls; call++) {
      const dir = temporaryDirectory(t)
      const count = join(dir, '../count')
      writeFileSync(join(dir, '../count'), '')
      const request = program === 'make_ca' ? caRequest(dir, { passphrase }) : certificateRequest(dir, { passphrase })
      if (program === 'make_certificate') cpSync(withCa, dir, { recursive: true })
      const before = program === 'make_ca' ? {} : contents(dir)
      const bin = opensslWrapper(dir, `echo >>${count}; [ "$(wc -l <${count})" -ne ${call} ] || kill -9 "$PPID"`)
      const { signal } = await work(program, request, bin).ended
      t.equal(signal, 'SIGKILL', `${program} ${call}`)
      t.ok(
        readdirSync(dir).some((name) => name.startsWith('.new-')) || (program === 'make_certificate' && call === 1),
        'temporary files remain',
      )
      for (const [name, content] of Object.entries(before))
        t.equal(contents(dir)[name], content, `${name} is unchanged`)
      await programs.make_ca(caRequest(dir, { passphrase }))
      await programs.make_certificate(certificateRequest(dir, { passphrase }))
      await assertComplete(t, dir, caRequest(dir, { passphrase }))
    }
  }
})

t.test('a run killed at any time is completed by the next', async (t) => {
  const dir = temporaryDirectory(t)
  await programs.make_ca(caRequest(dir))
  for (let i = 2; i <= 9; i++) {
    const { child, ended } = work('make_ca', caRequest(dir, { generation: i }))
    // Startup takes about half of it; a kill before or after has no effect.
    const timer = setTimeout(() => child.kill('SIGKILL'), 60 + i * 12)
    await ended
    clearTimeout(timer)
    await programs.make_ca(caRequest(dir, { generation: i }))
    await programs.make_certificate(certificateRequest(dir))
    await assertComplete(t, dir, caRequest(dir, { generation: i }))
  }
})

t.test('a run killed while it moves files is completed by the next, and pending files take precedence', async (t) => {
  const old = await caAndCertificate(t)
  const next = temporaryDirectory(t)
  cpSync(old, next, { recursive: true })
  await programs.make_ca(caRequest(next, { generation: 2 }))
  const caFiles = ['ca.key', 'ca.crt', 'ca-bundle.crt', 'ca.generation']
  for (let moved = 0; moved <= caFiles.length; moved++) {
    const dir = temporaryDirectory(t)
    cpSync(old, dir, { recursive: true })
    mkdirSync(join(dir, '.next-ca'), { mode: 0o700 })
    mkdirSync(join(dir, '.new-x'), { mode: 0o700 })
    caFiles.forEach((name, i) => {
      cpSync(join(next, name), join(dir, i < moved ? '' : '.next-ca', name))
    })
    // The certificate is checked against, and issued by, the pending CA.
    t.same(
      await planOfCertificate(dir),
      ['issue certificate registry for 10.77.0.11, node1: issued by another CA'],
      `killed after ${moved} moved files`,
    )
    if (moved % 2 === 0) {
      await programs.make_certificate(certificateRequest(dir))
      t.ok(
        readdirSync(dir).includes('.next-ca'),
        `killed after ${moved} moved files: the files of the CA are unchanged`,
      )
    }
    t.same(
      await planOfCa(dir),
      [`update CA in ${dir}: complete an interrupted run`],
      `killed after ${moved} moved files`,
    )
    await programs.make_ca(caRequest(dir))
    for (const name of caFiles)
      t.equal(contents(dir)[name], contents(next)[name], `${name}, killed after ${moved} moved files`)
    await programs.make_certificate(certificateRequest(dir))
    await assertComplete(t, dir)
  }
  const files = ['registry.key', 'registry.crt', 'registry.chain.pem', 'registry.generation']
  await programs.make_certificate(certificateRequest(next))
  for (let moved = 0; moved <= files.length; moved++) {
    const dir = temporaryDirectory(t)
    cpSync(next, dir, { recursive: true })
    rmSync(join(dir, 'registry.key'))
    mkdirSync(join(dir, '.next-registry'), { mode: 0o700 })
    cpSync(join(next, 'registry.key'), join(dir, 'registry.key'))
    for (const name of files.slice(moved)) renameSync(join(dir, name), join(dir, '.next-registry', name))
    t.same(
      await planOfCertificate(dir),
      ['update certificate registry: complete an interrupted run'],
      `killed after ${moved} moved files`,
    )
    await programs.make_certificate(certificateRequest(dir))
    t.same(contents(dir), contents(next), `killed after ${moved} moved files`)
  }
})

t.test('key generation exposes no passphrase in argv or environment, and no readable key', async (t) => {
  const dir = temporaryDirectory(t)
  const passphrase = 'never-to-be-seen-7f3a'
  const log = join(dir, '../seen')
  writeFileSync(log, '')
  const bin = opensslWrapper(
    dir,
    `find ${dir} -perm /077 '(' -name '*.key' -o -type d ')' -printf 'OPEN %p\\n' >>${log}; cat /proc/[0-9]*/cmdline /proc/$PPID/environ /proc/$$/environ 2>/dev/null | tr '\\0' ' ' >>${log}; echo "CALL $*" >>${log}`,
  )
  for (const [program, request] of [
    ['make_ca', caRequest(dir, { passphrase })],
    ['make_certificate', certificateRequest(dir, { passphrase })],
    ['make_ca', caRequest(dir, { passphrase, generation: 2 })],
  ] as const) {
    const { code, stderr } = await work(program, request, bin).ended
    t.same([code, stderr], [0, ''], program)
  }
  const text = readFileSync(log, 'utf8')
  t.same(
    text.match(/CALL \w+/g),
    ['genpkey', 'pkcs8', 'req', 'genpkey', 'req', 'x509', 'genpkey', 'pkcs8', 'req'].map((name) => `CALL ${name}`),
  )
  t.match(text, 'src/modules/x509/program.ts make_ca', 'the worker itself was inspected')
  t.notOk(text.includes(passphrase))
  t.same(text.match(/OPEN .*/g), null)
})
