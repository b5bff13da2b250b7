import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { anyPath, ARENA, folder, link, mode, owner, plainFile, text } from './arena.ts'
import { secretValue, type TaskSpec } from './harness.ts'
import { copyTree, isAboutMany, remoteCopy, SYMBOLIC_MODES } from './copy-tasks.ts'
import { defined, maybe } from './lists.ts'
import { toText } from '../../src/values/to-text.ts'

/* Random tasks of the modules for files, each with a claim: a check of the desired state. */

type Params = Record<string, unknown>

const attributes = {
  mode: maybe(
    fc.oneof({ weight: 5, arbitrary: mode }, { weight: 2, arbitrary: fc.constantFrom(...Object.keys(SYMBOLIC_MODES)) }),
  ),
  owner: maybe(fc.oneof({ weight: 12, arbitrary: owner }, { weight: 1, arbitrary: fc.constant('nosuch') })),
  group: maybe(owner),
}

/** Conditions for find, which is a different program than the stat of the probes. */
function attributeTests({ mode, owner, group }: Params, isLink = false): string[] {
  return [
    ...(mode === undefined || isLink ? [] : (SYMBOLIC_MODES[toText(mode)] ?? ['-perm', toText(mode)])),
    ...(owner === undefined ? [] : ['-user', toText(owner)]),
    ...(group === undefined ? [] : ['-group', toText(group)]),
  ]
}

/** `find` fails on a missing name, and prints nothing if a test is false. */
const found = (path: string, tests: readonly string[], follow = true): string =>
  sh`[ -n "$(find ${follow ? '-H' : '-P'} ${path} -maxdepth 0 ${[...tests]} -printf x)" ]`

const is = (path: string, content: Buffer): string =>
  sh`printf %s ${content.toString('base64')} | base64 -d | cmp - ${path}`

const all = (...claims: readonly string[]): string => claims.map((claim) => `{ ${claim}\n} || exit 1`).join('\n')

const target = fc.constantFrom('plain', `${ARENA}/plain`, '../plain', 'nowhere', `${ARENA}/one`)

const fileTask: fc.Arbitrary<TaskSpec> = fc
  .oneof(
    fc.record({ path: anyPath, state: fc.constantFrom('absent') }),
    fc.record({
      path: fc.oneof(folder, anyPath),
      state: fc.constant('directory'),
      recurse: maybe(fc.boolean()),
      ...attributes,
    }),
    fc.record({
      path: anyPath,
      state: fc.constantFrom('file', 'touch', undefined),
      follow: maybe(fc.boolean()),
      ...attributes,
    }),
    fc.record({
      path: fc.oneof(link, link, anyPath),
      state: fc.constant('link'),
      src: target,
      force: maybe(fc.boolean()),
      owner: attributes.owner,
      group: attributes.group,
    }),
  )
  .map((params: Params) => ({ module: 'file' as const, params: defined(params), claim: fileClaim(params) }))

const hardLink: fc.Arbitrary<TaskSpec> = fc
  .record({
    path: fc.oneof(plainFile, anyPath),
    src: fc.oneof(plainFile, anyPath),
    force: maybe(fc.boolean()),
    mode: maybe(fc.constantFrom('0640', 'u=rw,g=r,o=')),
  })
  .filter(({ path, src }) => path !== src)
  .map(({ path, src, ...params }) => ({
    module: 'file' as const,
    params: defined({ ...params, path, src, state: 'hard' }),
    claim: sh`[ ${path} -ef ${src} ] && [ ! -L ${path} ]`,
  }))

function fileClaim(params: Params): string {
  const path = String(params['path'])
  const follow = params['follow'] !== false
  switch (params['state']) {
    case 'absent':
      return sh`! [ -e ${path} ] && ! [ -L ${path} ]`
    case 'link':
      return all(
        sh`[ "$(readlink -- ${path})" = ${String(params['src'])} ]`,
        found(path, attributeTests(params, true), false),
      )
    case 'directory':
      return all(
        sh`[ -d ${path} ]`,
        found(path, attributeTests(params)),
        ...(params['recurse'] === true && attributeTests(params).length > 0 ? [below(path, params)] : []),
      )
    default:
      return follow
        ? all(
            sh`[ -e ${path} ] || [ -L ${path} ]`,
            sh`if [ -e ${path} ]; then ` + `${found(path, attributeTests(params))}; fi`,
          )
        : all(
            sh`if [ -L ${path} ]; then ` +
              `${found(path, attributeTests(params, true), false)}; else ${found(path, attributeTests(params))}; fi`,
          )
  }
}

/** Everything below has the attributes: the counts are equal. */
function below(path: string, params: Params): string {
  const { owner, group } = params
  const count = (...tests: string[]): string => sh`$(find -H ${path} ${tests} -printf x | wc -c)`
  return all(
    `[ "${count()}" = "${count(...attributeTests({ owner, group }))}" ]`,
    `[ "${count('!', '-type', 'l')}" = "${count('!', '-type', 'l', ...attributeTests(params))}" ]`,
  )
}

const replacing = {
  ...attributes,
  backup: maybe(fc.constant(true), 6),
  validate: maybe(fc.constantFrom('test -s %s', 'grep -q a %s', 'true %s'), 6),
}

/** Files of the controller for `src`, by name. */
export const SOURCES: Readonly<Record<string, Buffer>> = {
  'binary.dat': Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7) % 256)),
  'latin1.txt': Buffer.from('na\xefve\nkey=1', 'latin1'),
  'text.txt': Buffer.from('a\nkey=1\n'),
  nothing: Buffer.alloc(0),
}
export const TEMPLATES: Readonly<Record<string, string>> = {
  'greeting.j2': 'hello {{ name }}\n{% if loud %}\nLOUD\n{% endif %}\nkey={{ name }}',
}

const claimOfFile = (path: string, content: Buffer | string, params: Params): string =>
  all(
    ...(params['force'] === false
      ? [sh`[ -e ${path} ] || [ -L ${path} ]`]
      : [is(path, Buffer.from(content)), found(path, attributeTests(params))]),
  )

const copyText: fc.Arbitrary<TaskSpec> = fc
  .record({
    dest: fc.oneof(plainFile, plainFile, anyPath),
    content: text,
    secret: fc.boolean(),
    force: maybe(fc.constant(false), 8),
    ...replacing,
  })
  .map(({ secret, content, ...params }) => ({
    module: 'copy',
    params: defined({ ...params, content: secret && !content.includes('\0') ? secretValue(content) : content }),
    mayFail: params.validate !== undefined,
    claim: claimOfFile(params.dest, content, params),
  }))

const copyFile: fc.Arbitrary<TaskSpec> = fc
  .record({
    into: fc.boolean(),
    folder,
    file: plainFile,
    src: fc.constantFrom(...Object.keys(SOURCES), 'missing'),
    ...replacing,
  })
  .map(({ into, folder, file, ...params }) => ({
    module: 'copy',
    params: defined({ ...params, dest: into ? `${folder}/` : file }),
    mayFail: params.validate !== undefined,
    claim: claimOfFile(into ? `${folder}/${params.src}` : file, SOURCES[params.src] ?? '', params),
  }))

const templateTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    dest: plainFile,
    name: fc.constantFrom('a', 'key', 'x'.repeat(5000), undefined),
    loud: fc.boolean(),
    secret: fc.boolean(),
    ...replacing,
  })
  .map(({ name, loud, secret, ...params }) => ({
    module: 'template',
    params: defined({
      ...params,
      src: 'greeting.j2',
      vars: defined({ name: secret && name !== undefined ? secretValue(name) : name, loud }),
    }),
    mayFail: params.validate !== undefined,
    claim: claimOfFile(params.dest, `hello ${name}\n${loud ? 'LOUD\n' : ''}key=${name}`, params),
  }))

const expression = fc.constantFrom('^key *=', 'a', '^$', '^(k)(ey)=(?<value>.*)', 'b\\b', '^#', '$')
const line = fc.constantFrom('a', 'key=2', 'key = 1', '', 'new line', "it's $HOME `x` \\\\", 'é', ' a')

const lineTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      path: fc.oneof(plainFile, plainFile, anyPath),
      line,
      regexp: maybe(expression),
      place: maybe(
        fc.tuple(fc.constantFrom('insertafter', 'insertbefore'), fc.oneof(expression, fc.constantFrom('EOF', 'BOF'))),
      ),
      create: maybe(fc.boolean()),
      ...replacing,
    })
    .map(({ place, ...params }) =>
      lineSpec(
        { ...params, ...(place === undefined ? {} : { [place[0]]: place[1] }) },
        sh`grep -q -x -F -e ${params.line} -e ${`${params.line}\r`} -- ${params.path}`,
      ),
    ),
  fc
    .record({
      path: plainFile,
      regexp: fc.constantFrom('^(k)(ey)=(?<value>.*)', '^(a)(b)?(?<value>.*)'),
      line: fc.constantFrom('\\1EY=\\g<value>', 'all \\3', 'x\\2'),
      backrefs: fc.constant(true),
      create: maybe(fc.boolean()),
    })
    .map((params) => lineSpec(params)),
  fc
    .record({
      path: plainFile,
      state: fc.constant('absent'),
      line: maybe(line),
      regexp: maybe(expression, 3),
      ...replacing,
    })
    .filter(({ line, regexp }) => line !== undefined || regexp !== undefined)
    .map((params) =>
      lineSpec(
        params,
        params.regexp !== undefined ? undefined : sh`! grep -q -x -F -e ${params.line ?? ''} -- ${params.path}`,
      ),
    ),
)

const lineSpec = (params: Params, claim?: string): TaskSpec => ({
  module: 'lineinfile',
  params: defined(params),
  mayFail: params['validate'] !== undefined,
  ...(claim === undefined ? {} : { claim }),
})

const blockTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    path: fc.oneof(plainFile, plainFile, anyPath),
    state: maybe(fc.constantFrom('absent')),
    block: maybe(fc.constantFrom('', 'x', 'a\nkey=1\n', "it's $HOME `x` \\\\", '# BEGIN ANSIBLE MANAGED BLOCK'), 3),
    marker: maybe(fc.constantFrom('{mark}', 'a{mark}')),
    place: maybe(
      fc.tuple(fc.constantFrom('insertafter', 'insertbefore'), fc.oneof(expression, fc.constantFrom('EOF', 'BOF'))),
    ),
    create: maybe(fc.boolean()),
    append_newline: maybe(fc.boolean()),
    prepend_newline: maybe(fc.boolean()),
    ...replacing,
  })
  .map(({ place, ...params }) => ({
    module: 'blockinfile' as const,
    params: defined({ ...params, ...(place === undefined ? {} : { [place[0]]: place[1] }) }),
    mayFail: params.validate !== undefined,
    claim: blockClaim(params),
  }))

/** Between the markers is the block, or they are not there. */
function blockClaim({ path, state, block = '', marker = '# {mark} ANSIBLE MANAGED BLOCK' }: Params): string {
  const [begin, end] = ['BEGIN', 'END'].map((mark) => toText(marker).replace('{mark}', mark)) as [string, string]
  if (state === 'absent' || block === '')
    return sh`! grep -q -x -F -e ${begin} -- ${toText(path)} || ! grep -q -x -F -e ${end} -- ${toText(path)}`
  const text = `${toText(block).replace(/\n$/, '')}\n`
  return sh`[ "$(b=${begin} e=${end} awk '$0 == ENVIRON["e"] { p = 0 } p; $0 == ENVIRON["b"] { p = 1 }' <${toText(path)})" = ${text.trimEnd()} ]`
}

const replaceTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    path: fc.oneof(plainFile, plainFile, anyPath),
    regexp: fc.oneof(expression, fc.constantFrom('^key=(\\d)$', '\\n\\n', 'long ', '\\r$')),
    replace: maybe(fc.constantFrom('', 'q', '\\1', 'x\\g<0>', "it's"), 3),
    after: maybe(expression, 6),
    before: maybe(expression, 6),
    ...replacing,
  })
  .map((params) => ({
    module: 'replace' as const,
    params: defined(params),
    mayFail: params.validate !== undefined,
  }))

const cronTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    cron_file: fc.constantFrom(`${ARENA}/plain`, `${ARENA}/one/file`, `${ARENA}/link`),
    name: fc.constantFrom('key', 'a'),
    state: maybe(fc.constantFrom('absent')),
    job: fc.constantFrom('run', "it's $HOME `x` \\\\ %"),
    env: maybe(fc.boolean()),
    disabled: maybe(fc.boolean()),
    minute: maybe(fc.constantFrom('*/5', 3)),
  })
  .map((params: Params) => {
    const { cron_file, name, job, env, disabled, minute = '*', state } = params
    const line =
      env === true
        ? `${toText(name)}="${toText(job)}"`
        : `${disabled === true ? '#' : ''}${toText(minute)} * * * * root ${toText(job)}`
    return {
      module: 'cron' as const,
      params: defined({ ...params, user: 'root' }),
      ...(state === 'absent' ? {} : { claim: sh`grep -q -x -F -e ${line} -- ${toText(cron_file)}` }),
    }
  })

const HOST_KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtpbmcga2V5IG9uZSBv',
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC2',
]

const hostKeyTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    path: fc.oneof(plainFile, plainFile, anyPath),
    name: fc.constantFrom('a', 'web.example.org', '[a]:2222'),
    key: fc.constantFrom(...HOST_KEYS),
    state: maybe(fc.constantFrom('absent')),
    hash_host: maybe(fc.boolean()),
  })
  .map(({ key, ...params }) => ({
    module: 'known_hosts' as const,
    params: defined({ ...params, key: `${params.name} ${key}` }),
    ...(params.state === 'absent' ? {} : { claim: sh`grep -q -F -e ${key} -- ${params.path}` }),
  }))

const look: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({ path: anyPath, follow: maybe(fc.boolean()) })
    .map((params) => ({ module: 'stat' as const, params: defined(params) })),
  fc.record({ src: anyPath }).map((params) => ({ module: 'slurp' as const, params })),
  fc
    .record({
      paths: fc.oneof(fc.constant(ARENA), folder),
      patterns: maybe(fc.constantFrom('*', 'f*', ['plain', '*a*'])),
      file_type: maybe(fc.constantFrom('any', 'directory', 'link')),
      recurse: maybe(fc.boolean()),
      contains: maybe(fc.constantFrom('key', 'a')),
      get_checksum: maybe(fc.boolean()),
    })
    .map((params) => ({ module: 'find' as const, params: defined(params) })),
)

/** Its name is random, so nothing is certain about what it leaves: it is made outside of the arena. */
const temporary: fc.Arbitrary<TaskSpec> = fc
  .record({
    state: fc.constantFrom('file', 'directory'),
    path: fc.constantFrom('/run', '/nosuch'),
    suffix: maybe(fc.constantFrom('.txt')),
  })
  .map((params) => ({ module: 'tempfile' as const, params: defined(params), always: true, mayFail: true }))

/** One task about files. */
export const fileTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 5, arbitrary: fileTask },
  { weight: 1, arbitrary: hardLink },
  { weight: 3, arbitrary: copyText },
  { weight: 2, arbitrary: copyFile },
  { weight: 1, arbitrary: copyTree },
  { weight: 1, arbitrary: remoteCopy },
  { weight: 2, arbitrary: templateTask },
  { weight: 4, arbitrary: lineTask },
  { weight: 2, arbitrary: blockTask },
  { weight: 2, arbitrary: replaceTask },
  { weight: 1, arbitrary: cronTask },
  { weight: 1, arbitrary: hostKeyTask },
  { weight: 2, arbitrary: look },
  { weight: 1, arbitrary: temporary },
)

/**
 * Whether the list is certainly free of contradictions: each task has its own path, and one above another's is a
 * directory that stays. With links, two names may be the same, so only a single task is certain.
 */
export function settledFiles(tasks: readonly TaskSpec[], links: boolean): boolean {
  const doing = tasks.filter(({ module }) => module !== 'stat' && module !== 'find' && module !== 'tempfile')
  if (doing.length <= 1) return true
  if (links || doing.some(isAboutMany)) return false
  if (doing.some(({ params }) => params['state'] === 'link' || params['state'] === 'hard')) return false
  const paths = doing.map(({ params }) =>
    String(params['path'] ?? params['dest'] ?? params['src'] ?? params['cron_file']),
  )
  return doing.every(({ params: { state, recurse } }, i) =>
    paths.every((other, j) => {
      const own = paths[i] as string
      if (i === j) return true
      if (other === own || (own.endsWith('/') && other.startsWith(own))) return false
      return !other.startsWith(`${own}/`) || (state === 'directory' && recurse !== true)
    }),
  )
}
