import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
  chmodSync,
  chownSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { copy } from '../../../../src/modules/core/copy.ts'
import { Secret, SecretBytes } from '../../../../src/values/secret.ts'
import { template } from '../../../../src/modules/core/template.ts'
import { converge, runIn, shells } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'
import { runs } from '../../../support/seed.ts'

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const permissions = (path: string): number => statSync(path).mode & 0o7777

t.test('copy creates a file with its content and mode', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'motd')
    const run = converge(shell, copy, { content: 'Welcome\n', dest, mode: '0640' })
    converged(t, run, [`create ${dest} (0640)`])
    t.equal(readFileSync(dest, 'utf8'), 'Welcome\n')
    t.equal(permissions(dest), 0o640)
    t.same(readdirSync(folder), ['motd'], 'no temporary file is left')
  })
})

t.test('a new file without a mode gets its mode from the umask', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    converged(t, converge(shell, copy, { content: 'x', dest }), [`create ${dest}`])
    t.equal(permissions(dest), 0o666 & ~Number.parseInt(execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }), 8))
  })
})

t.test('an update keeps owner and mode, and shows the text before and after', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, "it's a file")
    writeFileSync(dest, 'old\n')
    chmodSync(dest, 0o664)
    chownSync(dest, 12345, 12346)
    const run = converge(shell, copy, { content: 'new\n', dest })
    converged(t, run, [`update ${dest}`])
    t.same(run.before.changes[0]?.diff, { subject: dest, before: 'old\n', after: 'new\n' })
    t.match(statSync(dest), { uid: 12345, gid: 12346 })
    t.equal(permissions(dest), 0o664)
  })
})

t.test('a change of attributes keeps the content', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'same')
    chmodSync(dest, 0o600)
    const inode = statSync(dest).ino
    const run = converge(shell, copy, { content: 'same', dest, mode: 0o644, owner: 4321, group: 'daemon' })
    converged(t, run, [
      `change owner of ${dest} to 4321:daemon (was root:root)`,
      `change mode of ${dest} to 0644 (was 0600)`,
    ])
    t.match(statSync(dest), { uid: 4321, ino: inode })
  })
})

t.test('a set-user-id bit survives a change of owner', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'same')
    chmodSync(dest, 0o4755)
    converged(t, converge(shell, copy, { content: 'same', dest, mode: '4755', owner: 4321 }), [
      `change owner of ${dest} to 4321:root (was root:root)`,
    ])
    t.equal(permissions(dest), 0o4755)
    converged(t, converge(shell, copy, { content: 'other', dest }), [`update ${dest}`])
    t.equal(permissions(dest), 0o4755)
    converged(t, converge(shell, copy, { content: 'new', dest, owner: 4322 }), [`update ${dest} (4322)`])
    t.equal(permissions(dest), 0o755, 'as in Ansible, another owner clears it, unless mode is set')
  })
})

t.test('a link is replaced by the file, and its target stays', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'link')
    writeFileSync(join(folder, 'target'), 'precious')
    symlinkSync('target', dest)
    converged(t, converge(shell, copy, { content: 'new', dest }), [`replace link ${dest}`])
    t.notOk(lstatSync(dest).isSymbolicLink())
    t.equal(readFileSync(join(folder, 'target'), 'utf8'), 'precious')
  })
})

t.test('a file is put into a directory, and into one that a link leads to', async (t) => {
  const inputs = { src: Buffer.from('new') }
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'usr/bin'), { recursive: true })
    symlinkSync('usr/bin', join(folder, 'bin'))
    const bin = join(folder, 'bin')
    converged(t, converge(shell, copy, { src: 'files/tool', dest: bin, mode: '0755' }, { inputs }), [
      `create ${bin}/tool (0755)`,
    ])
    converged(t, converge(shell, copy, { src: 'files/tool', dest: bin, mode: '0700' }, { inputs }), [
      `change mode of ${bin}/tool to 0700 (was 0755)`,
    ])
    const updated = converge(shell, copy, { src: 'files/tool', dest: bin }, { inputs: { src: Buffer.from('newer') } })
    converged(t, updated, [`update ${bin}/tool`])
    t.ok(updated.before.reads?.includes(join(folder, 'usr/bin/tool')), 'the plan depends on the real path')
    t.ok(updated.before.changes[0]?.sets?.includes(join(folder, 'usr/bin/tool')), 'and the change sets it')
    converged(t, converge(shell, copy, { src: 'files/tool', dest: join(folder, 'usr') }, { inputs }), [
      `create ${folder}/usr/tool`,
    ])
    t.ok(lstatSync(bin).isSymbolicLink())
    t.same(readdirSync(join(folder, 'usr/bin')), ['tool'])
    for (const force of [true, false])
      t.equal(
        converge(shell, copy, { content: 'x', dest: bin, force }).before.problem,
        `${bin} is a link to a directory: append / and a file name`,
      )
    const run = converge(shell, template, { src: 'a.conf.j2', dest: bin }, { inputs })
    converged(t, run, [`create ${bin}/a.conf.j2`])
  })
})

t.test('copy with follow writes to the target of a link', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, 'f'), 'old')
    symlinkSync('f', join(folder, 'l'))
    const dest = join(folder, 'l')
    converged(t, converge(shell, copy, { content: 'new', dest, follow: true, mode: '0600' }), [`update ${dest} (0600)`])
    t.ok(lstatSync(dest).isSymbolicLink())
    t.equal(readFileSync(join(folder, 'f'), 'utf8'), 'new')
    t.equal(permissions(join(folder, 'f')), 0o600)
  })
})

t.test('content that is too big is refused, and names the module for it', async (t) => {
  const inputs = { src: Buffer.alloc(16 * 1024 * 1024 + 1) }
  const plan = converge(shells[0], copy, { src: 'a', dest: '/tmp/labbook-none' }, { inputs }).before
  t.equal(
    plan.problem,
    'the content has 17 MB, and this module sends up to 17 MB: use the module "upload", which sends any size',
  )
})

t.test('a file of the controller is copied byte for byte, also into a directory', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 200_003 }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
  inEachShell(t, (t, shell, folder) => {
    const run = converge(shell, copy, { src: 'files/blob.bin', dest: `${folder}/` }, { inputs: { src: bytes } })
    converged(t, run, [`create ${folder}/blob.bin`])
    t.match(run.before.changes[0]?.diff?.after, /^\(binary, sha256 [0-9a-f]{64}, 200003 bytes\)\n$/)
    t.ok(readFileSync(join(folder, 'blob.bin')).equals(bytes))
    const checksum = createHash('sha1').update(bytes).digest('hex')
    t.match(run.before.values, { checksum }, 'the checksum of Ansible')
    const again = converge(shell, copy, { src: join(folder, 'blob.bin'), dest: join(folder, 'b'), remote_src: true })
    t.match([again.before.values, again.after.values], [{ checksum }, { checksum }])
  })
})

t.test('a diff shows binary content by its hash', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'blob')
    writeFileSync(dest, Buffer.from([0xff, 0, 1]))
    chmodSync(dest, 0o644)
    const { diff } =
      converge(shell, copy, { src: 'blob', dest }, { inputs: { src: Buffer.from([0xff, 0]) } }).before.changes[0] ?? {}
    t.equal(diff?.before, `(binary, sha256 ${sha(Buffer.from([0xff, 0, 1]))}, 3 bytes)\n`)
    t.equal(diff?.after, `(binary, sha256 ${sha(Buffer.from([0xff, 0]))}, 2 bytes)\n`)
  })
})

t.test('a secret is not shown in a diff, and its file is private', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'token')
    writeFileSync(dest, 'last year')
    const run = converge(shell, copy, { content: new Secret("it's hidden"), dest, mode: '0644' })
    converged(t, run, [`update ${dest}`])
    t.notMatch(JSON.stringify(run.before.changes[0]?.diff), /hidden|last year/)
    t.equal(readFileSync(dest, 'utf8'), "it's hidden")
    const fresh = join(folder, 'fresh')
    converged(t, converge(shell, copy, { content: new Secret('hidden'), dest: fresh }), [`create ${fresh}`])
    t.equal(permissions(fresh), 0o600)
  })
})

t.test('secret bytes are written unchanged', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'key')
    const bytes = Buffer.from([0, 0xff, 0x27, 0x0a, 0xe9])
    const run = converge(shell, copy, { content: new SecretBytes(bytes), dest })
    converged(t, run, [`create ${dest}`])
    t.ok(readFileSync(dest).equals(bytes))
    t.equal(permissions(dest), 0o600)
    t.equal(run.before.changes[0]?.diff?.after, '[REDACTED]\n')
  })
})

t.test('copy does not show a private file in a diff', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'key')
    writeFileSync(dest, 'old key', { mode: 0o600 })
    const run = converge(shell, copy, { content: 'new key', dest })
    converged(t, run, [`update ${dest}`])
    t.notMatch(JSON.stringify(run.before.changes[0]?.diff), /new key|old key/)
  })
})

t.test('a probe does not print private files or files that a secret replaces', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { definition } = copy
    const dest = join(folder, 'key')
    const printed = (content: string | Secret): string =>
      runIn(shell, definition.probe(definition.schema.parse({ dest, content }), {})).stdout
    writeFileSync(dest, 'old text', { mode: 0o644 })
    t.match(printed('new'), 'old text')
    t.notMatch(printed(new Secret('new secret')), 'old text')
    chmodSync(dest, 0o640)
    t.notMatch(printed('new'), 'old text')
  })
})

t.test('copy with backup keeps the old file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'old')
    converged(t, converge(shell, copy, { content: 'new', dest, backup: true }), [`update ${dest}`])
    const kept = readdirSync(folder).filter((name) => /^a\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/.test(name))
    t.equal(kept.length, 1)
    t.equal(readFileSync(join(folder, kept[0] ?? ''), 'utf8'), 'old')
  })
})

t.test('copy keeps the old file if validate fails', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'good')
    const run = converge(shell, copy, { content: 'bad', dest, validate: 'grep -q good %s' })
    t.same(run.applied, [{ stdout: '', stderr: `validation of the new ${dest} failed\n`, exitCode: 1 }])
    t.equal(readFileSync(dest, 'utf8'), 'good')
    t.same(readdirSync(folder), ['a'])
    converged(t, converge(shell, copy, { content: 'good too', dest, validate: 'grep -q good %s' }), [`update ${dest}`])
  })
})

t.test('validate of copy is a command line without a shell', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    const fails = (content: string, validate: string): boolean =>
      converge(shell, copy, { content, dest, validate }).applied[0]?.exitCode !== 0
    // The path is part of the script, as in Ansible.
    const script = "sh -c '! grep -q FIXME %s'"
    t.ok(fails('FIXME\n', script))
    t.notOk(existsSync(dest))
    t.notOk(fails('done\n', script))
    t.ok(fails('FIXME\n', `sh -c '! grep -q FIXME "$1"' - %s`))
    t.notOk(fails('two\n', `env A=%s sh -c 'grep -q two "$A"'`), 'a word with the path')
    t.notOk(fails('100%\n', 'grep -q 100%% %s'), '%% is %')
    t.ok(fails('four\n', 'exit 0 %s'), 'no builtins')
    const spaced = join(folder, 'a b')
    const { applied, before } = converge(shell, copy, { content: 'done\n', dest: spaced, validate: script })
    const refusal = { exitCode: 1, stderr: `validate: a script cannot contain the path ${spaced}: pass %s as a word\n` }
    t.match(applied, [refusal], 'a path with a space')
    t.match(runIn(shell, before.changes[0]?.dryRun ?? ''), refusal, 'also in check mode')
  })
  for (const [validate, message] of [
    ["sh -c 'a %s", 'unclosed quote'],
    ['true', 'must contain %s'],
    ...['a <%s', 'a %s | b', 'a %s 2>/dev/null', 'a %s && b'].map((line) => [line, 'no shell processes it'] as const),
  ])
    t.match(copy.definition.schema.safeParse({ dest: '/a', content: '', validate }).error?.message, message)
  for (const validate of ['a -p<%s', `sh -c 'a <"$1"' - %s`, 'a "< b" %s', 'a \\< %s'])
    t.ok(copy.definition.schema.safeParse({ dest: '/a', content: '', validate }).success, validate)
})

t.test('copy with force: false keeps an existing file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'mine')
    converged(t, converge(shell, copy, { content: 'yours', dest, force: false }), [])
    t.equal(readFileSync(dest, 'utf8'), 'mine')
  })
})

t.test('copy reports what prevents the file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd'))
    const problem = (
      params: Parameters<typeof converge<typeof copy.definition.schema, unknown>>[2],
    ): string | undefined => converge(shell, copy, params).before.problem
    t.match(problem({ content: '', dest: join(folder, 'd') }), `${folder}/d is a directory`)
    t.match(problem({ content: '', dest: join(folder, 'no/a') }), `directory ${folder}/no does not exist`)
    t.equal(
      problem({ content: '', dest: join(folder, 'a'), owner: 'no.body' }),
      'user "no.body" does not exist on this host',
    )
    t.equal(
      problem({ content: '', dest: join(folder, 'a'), group: 'no-body' }),
      'group "no-body" does not exist on this host',
    )
    t.notOk(existsSync(join(folder, 'a')))
  })
})

t.test('copy writes any text exactly', async (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        '\\',
        '\n',
        '\r',
        '\t',
        '-',
        '%',
        '$',
        '`',
        '!',
        'é',
        '漢',
        '\u{1F600}',
        ' ',
        '\0',
        'n',
      ),
    }),
  )
  inEachShell(t, (t, shell, folder) => {
    fc.assert(
      fc.property(text, (content) => {
        const dest = join(folder, 'any')
        const run = converge(shell, copy, { content, dest })
        t.same(run.after.changes, [])
        return readFileSync(dest).equals(Buffer.from(content))
      }),
      { numRuns: runs(10), examples: [['-n'], ['-e \\c'], ['\n\n'], ["'"], ['%s\\'], ['']] },
    )
  })
})

t.test('copy rejects contradictory parameters', async (t) => {
  const why = (params: object): string =>
    copy.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({ content: '', dest: 'etc/motd' }), 'must be an absolute path on the host')
  t.match(why({ content: '', dest: '/a', mode: 644 }), "644 is decimal: write '0644'")
  t.match(why({ content: '', dest: '/a', mode: 'u=rwz' }), "'u=rwz' is not supported")
  t.match(why({ dest: '/a' }), 'set either content or src')
  t.match(why({ content: '', src: 'b', dest: '/a' }), 'set either content or src')
  t.match(why({ content: '', dest: '/a/' }), 'with content, it must be the path of a file')
  t.match(why({ content: '', dest: '/a', modes: '0644' }), 'Unrecognized key: "modes"')
  t.match(why({ content: new Secret('a\0b'), dest: '/a' }), 'a secret text cannot contain a NUL byte: use SecretBytes')
})
