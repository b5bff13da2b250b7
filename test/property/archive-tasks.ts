import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { anyPath, ARENA, folder, mode, owner } from './arena.ts'
import type { TaskSpec } from './harness.ts'
import { defined, maybe } from './lists.ts'

/* Random tasks that extract archives into the arena, and that fetch its files. */

/** An archive of some of the arena's names. */
function archive(): Buffer {
  const work = mkdtempSync(path.join(tmpdir(), 'labbook-archive-'))
  try {
    mkdirSync(path.join(work, 'one/in'), { recursive: true })
    for (const name of ['plain', 'one/file', 'one/in/deep']) writeFileSync(path.join(work, name), `${name}\n`)
    const flags = ['--owner=0', '--group=0', '--mtime=2025-03-01 10:00:00Z', '--sort=name', '-czf', '-']
    return execFileSync('tar', ['-C', work, ...flags, 'plain', 'one'])
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** Files of the controller for `src`, by name. */
export const archives = (): Readonly<Record<string, Buffer>> => ({ 'arena.tgz': archive() })

/** It may find something in its way, which only tar knows. */
const unarchiveTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    dest: fc.oneof(fc.constant(ARENA), folder, anyPath),
    creates: maybe(fc.constant(`${ARENA}/plain`), 4),
    exclude: maybe(fc.constant(['plain']), 4),
    owner: maybe(owner),
    mode: maybe(mode, 4),
  })
  .map(({ dest, creates, exclude, ...attributes }) => ({
    module: 'unarchive' as const,
    params: defined({ src: 'arena.tgz', dest, creates, exclude, ...attributes }),
    mayFail: true,
    claim:
      creates !== undefined
        ? sh`[ -e ${creates} ] || [ -L ${creates} ] || [ -e ${`${dest}/one/file`} ]`
        : sh`[ "$(cat ${`${dest}/one/file`})" = one/file ]${{ raw: exclude === undefined ? sh` && [ "$(cat ${`${dest}/plain`})" = plain ]` : '' }}`,
  }))

/** The controller's files are no part of the arena: they stay from case to case. */
const fetchTask: fc.Arbitrary<TaskSpec> = fc
  .record({ src: anyPath, flat: maybe(fc.boolean()), fail_on_missing: maybe(fc.boolean()) })
  .map((params) => ({ module: 'fetch' as const, params: defined({ ...params, dest: 'fetched/' }) }))

export const archiveTasks: fc.Arbitrary<TaskSpec> = fc.oneof(unarchiveTask, fetchTask)
