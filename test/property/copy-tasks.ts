import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { anyPath, ARENA, folder, plainFile } from './arena.ts'
import { defined, maybe } from './lists.ts'
import type { TaskSpec } from './task-spec.ts'

/* Random tasks of copy for directories, and for sources on the host. */

/** A directory of the controller, by path. */
export const TREE: Readonly<Record<string, Buffer>> = {
  'tree/plain': Buffer.from('from the tree\n'),
  'tree/in/file': Buffer.from('a\nkey=1\n'),
  'tree/in/deep/binary': Buffer.from([0, 255, 10, 128]),
}

/** Symbolic modes, with conditions of find for what they leave. */
export const SYMBOLIC_MODES: Readonly<Record<string, readonly string[]>> = {
  'u+x': ['-perm', '-u+x'],
  'go-w': ['!', '-perm', '/go=w'],
  'u+rwX,o-rwx': ['-perm', '-u=rw', '!', '-perm', '/o=rwx'],
  '+r': ['-perm', '-a=r'],
}

const modes = fc.constantFrom('0640', ...Object.keys(SYMBOLIC_MODES))

/** A directory of the controller, with its name or without. */
export const copyTree: fc.Arbitrary<TaskSpec> = fc
  .record({
    src: fc.constantFrom('tree', 'tree/'),
    dest: fc.oneof(folder, folder, anyPath),
    mode: maybe(fc.oneof(modes, fc.constant('preserve'))),
    directory_mode: maybe(fc.constantFrom('0755', '0700', 'g+w')),
    owner: maybe(fc.constantFrom('root', 'games')),
    force: maybe(fc.constant(false), 8),
  })
  .map(({ src, ...params }) => {
    const top = src === 'tree' ? `${params.dest}/tree` : params.dest
    const checks = Object.entries(TREE).map(
      ([name, content]) =>
        sh`printf %s ${content.toString('base64')} | base64 -d | cmp - ${name.replace('tree', top)} || exit 1`,
    )
    return {
      module: 'copy' as const,
      params: defined({ ...params, src }),
      ...(params.force === false ? {} : { claim: checks.join('\n') }),
    }
  })

/** A file or directory of the host. */
export const remoteCopy: fc.Arbitrary<TaskSpec> = fc
  .record({
    src: fc.oneof(plainFile, plainFile, anyPath, fc.constantFrom(`${ARENA}/one/`)),
    dest: anyPath,
    mode: maybe(modes, 3),
    owner: maybe(fc.constantFrom('root', 'games'), 4),
    local_follow: maybe(fc.boolean(), 4),
    follow: maybe(fc.constant(true), 6),
  })
  .map((params) => ({
    module: 'copy' as const,
    params: defined({ ...params, remote_src: true }),
    claim: sh`[ -d ${params.src} ] || [ -d ${params.dest} ] || cmp ${params.src} ${params.dest}`,
  }))

/** Whether the task is about many paths. */
export const isAboutMany = ({ params: { src, remote_src } }: TaskSpec): boolean =>
  remote_src === true || src === 'tree' || src === 'tree/'
