import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { replaceFile } from '../../../../src/modules/support/replace-file.ts'
import type { Replacement } from '../../../../src/modules/support/replacement.ts'

export const OLD = 'old content\n'.repeat(500)
export const NEW = 'new content\n'.repeat(700)

export const fileIn = (
  folder: string,
  mode = 0o640,
): { path: string; old: { uid: number; gid: number; mode: number } } => {
  const path = join(folder, 'file')
  writeFileSync(path, OLD)
  chownSync(path, 1234, 4321)
  chmodSync(path, mode)
  return { path, old: { uid: 1234, gid: 4321, mode } }
}
export const fill = `printf %s '${NEW}' >"$lb_new"`
export const script = (given: Partial<Replacement> & { path: string }): string => replaceFile({ fill, ...given })
export const about = (path: string) => {
  const { uid, gid, mode } = statSync(path)
  return { uid, gid, mode: mode & 0o7777, content: readFileSync(path, 'utf8') }
}

/** Python sets extended attributes, and an ACL is one: few machines have the tools for either. */
export const python = (text: string, ...args: string[]): string =>
  execFileSync('python3', ['-c', `import os, sys\n${text}`, ...args], { encoding: 'utf8' }).trim()
export const attributesOf = (path: string): string =>
  python('print(sorted((n, os.getxattr(sys.argv[1], n).hex()) for n in os.listxattr(sys.argv[1])))', path)
/** rw for the owner, r for user 4242, r for the group, nothing for others. */
const ACL = [
  '02000000',
  '01000600ffffffff',
  '0200040092100000',
  '04000400ffffffff',
  '10000400ffffffff',
  '20000000ffffffff',
].join('')
export const addAttributes = (path: string): void => {
  python(
    `os.setxattr(sys.argv[1], 'user.origin', b'test')\nos.setxattr(sys.argv[1], 'system.posix_acl_access', bytes.fromhex('${ACL}'))`,
    path,
  )
}

export function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-replace-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** Wrappers of the real programs: `$lb_real` is the wrapped one, `$lb_last` the last argument. Outside of `folder`. */
export function shims(folder: string, names: readonly string[], body: string): string {
  const bin = mkdtempSync(`${folder}-bin`)
  t.teardown(() => {
    rmSync(bin, { recursive: true, force: true })
  })
  for (const name of names) {
    const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    writeFileSync(join(bin, name), `#!/bin/sh\nlb_real=${real}\nfor lb_last do :; done\n${body}\n`, { mode: 0o755 })
  }
  return bin
}

/** A PATH with nothing but busybox. */
export function busyboxTools(folder: string): string {
  const bin = mkdtempSync(`${folder}-bin`)
  t.teardown(() => {
    rmSync(bin, { recursive: true, force: true })
  })
  execFileSync('busybox', ['--install', '-s', bin])
  return bin
}
