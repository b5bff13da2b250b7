import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import type { Test } from 'tap'
import { sh } from '../../src/shell/quote.ts'
import { ARENA, folder, plainFile } from './arena.ts'
import { registered, type PropertyNode, type TaskSpec } from './harness.ts'
import { defined, maybe } from './lists.ts'

/* Random tasks that run commands, probe, wait, fetch or assert, in the arena of the file tasks. */

type Tasks = fc.Arbitrary<TaskSpec>

const URL = 'http://127.0.0.1:8080'

/** The script that tasks run on the node. */
export function putScript(node: PropertyNode): void {
  writeFileSync(path.join(node.root, 'files/arena.sh'), '#!/bin/sh\necho "from $#" >>"$1"\n')
}

/** Serves a few files on the node's loopback, port 8080, until the test ends. */
export async function startServer(t: Test, node: PropertyNode): Promise<void> {
  const child = spawn(
    'nsenter',
    ['--net', '--target', String(node.pid), process.execPath, path.join(import.meta.dirname, 'http-server.mjs')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.teardown(() => child.kill())
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the web server exited at once')
    }),
  ])
}

/** A value that an earlier task may have registered; without it, tasks that use it fail, in check mode too. */
const name = fc.constantFrom('first', 'second')

/** Only once, and only if it has not run yet. */
const withCondition: Tasks = fc
  .tuple(fc.constantFrom('creates', 'removes'), plainFile, fc.constantFrom('command', 'shell'), maybe(folder))
  .map(([when, file, module, chdir]) => {
    const argv = when === 'creates' ? ['touch', '--', file] : ['rm', '-rf', '--', file]
    const run = module === 'command' ? { argv } : { cmd: sh`${argv}` }
    return {
      module,
      params: defined({ ...run, [when]: file, chdir }),
      mayFail: true,
      claim: when === 'creates' ? sh`[ -e ${file} ] || [ -L ${file} ]` : sh`! [ -e ${file} ] && ! [ -L ${file} ]`,
    }
  })

const always: Tasks = fc
  .oneof(
    fc
      .record({ file: plainFile, word: fc.constantFrom('a', "it's $HOME") })
      .map(({ file, word }) => ({ module: 'shell' as const, params: { cmd: sh`printf '%s\\n' ${word} >>${file}` } })),
    plainFile.map((file) => ({ module: 'raw' as const, params: { cmd: sh`echo raw >>${file}` } })),
    plainFile.map((file) => ({ module: 'script' as const, params: { cmd: sh`arena.sh ${file}` } })),
    plainFile.map((file) => ({
      module: 'shell' as const,
      params: { cmd: sh`cat >${file}`, stdin: 'from stdin', executable: '/bin/bash' },
    })),
    fc
      .constantFrom('true', 'false', 'nosuchprogram --help', `mkdir ${ARENA}/one`, `rm -rf ${ARENA}/plain`)
      .map((cmd) => ({ module: 'command' as const, params: { cmd } })),
  )
  .chain((task) =>
    maybe(name).map((register) => ({
      ...task,
      always: true,
      mayFail: true,
      ...(register === undefined ? {} : { register }),
    })),
  )

const looking: Tasks = fc
  .oneof(
    plainFile.map((file) => ({ module: 'command' as const, params: { argv: ['cat', '--', file], read_only: true } })),
    fc.constant({ module: 'shell' as const, params: { cmd: `ls ${ARENA} | sort`, read_only: true } }),
    plainFile.map((path) => ({ module: 'stat' as const, params: { path } })),
    plainFile.map((src) => ({ module: 'slurp' as const, params: { src } })),
    fc.constant({ module: 'setup' as const, params: {} }),
    fc.constant({ module: 'package_facts' as const, params: {} }),
  )
  .chain((task) => maybe(name).map((register) => ({ ...task, ...(register === undefined ? {} : { register }) })))

const judging: Tasks = fc.oneof(
  name.map((of) => ({
    module: 'assert' as const,
    params: { that: registered(of, 'exists'), fail_msg: 'it is not there' },
  })),
  fc.boolean().map((that) => ({ module: 'assert' as const, params: { that: [true, that] } })),
  name.map((of) => ({ module: 'debug' as const, params: { msg: registered(of, 'stdout') } })),
  fc.constant({ module: 'debug' as const, params: { msg: { answer: 42 } } }),
  fc.constant({ module: 'fail' as const, params: { msg: 'as asked' } }),
  fc
    .record({ of: name, field: fc.constantFrom('stdout', 'content'), dest: plainFile })
    .map(({ of, field, dest }) => ({ module: 'copy' as const, params: { dest, content: registered(of, field) } })),
)

const FETCHED: Readonly<Record<string, Buffer>> = {
  'text.txt': Buffer.from('fetched\nkey=1\n'),
  'binary.dat': Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 11) % 256)),
  empty: Buffer.alloc(0),
}
const sum = (bytes: Buffer | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

const fetching: Tasks = fc
  .record({
    file: fc.constantFrom(...Object.keys(FETCHED), 'missing'),
    dest: plainFile,
    into: maybe(folder),
    force: maybe(fc.constant(true)),
    check: maybe(fc.constantFrom('right', 'wrong', 'list')),
    mode: maybe(fc.constantFrom('0644', '0600')),
  })
  .map(({ file, dest, into, check, ...params }) => {
    const checksum =
      check === 'right'
        ? `sha256:${sum(FETCHED[file])}`
        : check === 'wrong'
          ? `sha256:${'0'.repeat(64)}`
          : check === 'list'
            ? `sha256:${URL}/sums`
            : undefined
    const target = into === undefined ? dest : `${into}/${file}`
    const certain = params.force === true || check === 'right' || check === 'list'
    return {
      module: 'get_url',
      mayFail: true,
      params: defined({ ...params, checksum, url: `${URL}/${file}`, dest: into === undefined ? dest : `${into}/` }),
      claim: certain
        ? sh`printf '%s  -\\n' ${sum(FETCHED[file])} | { exec 3<&0; sha256sum -c /dev/fd/3 <${target}; }`
        : sh`[ -e ${target} ]`,
    }
  })

const asking: Tasks = fc.oneof(
  fc
    .record({
      page: fc.constantFrom('text.txt', 'json', 'missing'),
      method: maybe(fc.constantFrom('HEAD', 'OPTIONS')),
      status_code: maybe(fc.constantFrom([200, 404], [404])),
    })
    .map(({ page, ...params }) => ({ module: 'uri' as const, params: defined({ ...params, url: `${URL}/${page}` }) })),
  fc
    .record({ status_code: fc.constantFrom([201], [200]), body: maybe(fc.constant({ a: 1 })) })
    .map(({ body, ...params }) => ({
      module: 'uri' as const,
      always: true,
      mayFail: true,
      params: defined({
        ...params,
        url: `${URL}/post`,
        method: 'POST',
        ...(body === undefined ? {} : { body, body_format: 'json' }),
      }),
    })),
  fc.constant({ module: 'uri' as const, params: { url: 'http://127.0.0.1:8081/', timeout: 2 } }),
)

const waiting: Tasks = fc.oneof(
  fc
    .record({
      path: plainFile,
      state: fc.constantFrom('present', 'absent'),
      search_regex: maybe(fc.constantFrom('^a', '^key=')),
    })
    .map(({ search_regex, ...params }) => ({
      module: 'wait_for' as const,
      params: defined({ ...params, timeout: 0, search_regex: params.state === 'present' ? search_regex : undefined }),
    })),
  fc
    .record({ port: fc.constantFrom(8080, 8081), state: fc.constantFrom('started', 'stopped') })
    .map((params) => ({ module: 'wait_for' as const, params: { ...params, timeout: 0 } })),
)

/** One task about neither files nor accounts. */
export const mixedTasks: Tasks = fc.oneof(
  { weight: 2, arbitrary: withCondition },
  { weight: 2, arbitrary: always },
  { weight: 2, arbitrary: looking },
  { weight: 2, arbitrary: judging },
  { weight: 2, arbitrary: fetching },
  { weight: 2, arbitrary: asking },
  { weight: 1, arbitrary: waiting },
)
