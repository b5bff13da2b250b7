import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { localUser } from '../local-user.ts'
import { ConnectionConfigError } from '../config-error.ts'
import { type ConfigLine, parseConfigText } from './lines.ts'
import { matchesPattern } from './patterns.ts'

/** A file of ssh_config, and how OpenSSH treats it. */
export interface ConfigFile {
  readonly path: string
  /** Relative paths of `Include` start here. */
  readonly includesFrom: string
  /** Others must not be able to write to it. */
  readonly mustBePrivate: boolean
  /** Named by `-F`: an error if it does not exist. */
  readonly isRequired: boolean
}

const SYSTEM_FILE = '/etc/ssh/ssh_config'

/** The files that `ssh` reads: that of `-F`, or the user's and the system's. */
export function configFiles(named: string | undefined): ConfigFile[] {
  const includesFrom = join(homedir(), '.ssh')
  if (named?.toLowerCase() === 'none') return []
  if (named !== undefined) return [{ path: named, includesFrom, mustBePrivate: false, isRequired: true }]
  return [
    { path: join(includesFrom, 'config'), includesFrom, mustBePrivate: true, isRequired: false },
    { path: SYSTEM_FILE, includesFrom: dirname(SYSTEM_FILE), mustBePrivate: false, isRequired: false },
  ]
}

/** The files that a pattern of `Include` names, in order. */
export function includedFiles(pattern: string, { includesFrom }: ConfigFile, at: string): ConfigFile[] {
  if (/^~[^/]/.test(pattern)) throw new ConnectionConfigError(`${at}: ~user is not supported: write the path`)
  const path = pattern.replace(/^~(?=\/|$)/, homedir())
  const absolute = isAbsolute(path) ? path : join(includesFrom, path)
  return expandGlob(absolute).map((each) => ({ path: each, includesFrom, mustBePrivate: true, isRequired: false }))
}

/** The files that exist, in alphabetical order, as glob(3). */
function expandGlob(pattern: string): string[] {
  let paths = ['/']
  for (const segment of pattern.split('/').filter((each) => each !== '')) {
    paths = /[*?[]/.test(segment)
      ? paths.flatMap((path) =>
          namesIn(path)
            .filter((name) => (!name.startsWith('.') || segment.startsWith('.')) && matchesSegment(name, segment))
            .sort()
            .map((name) => join(path, name)),
        )
      : paths.map((path) => join(path, segment))
  }
  return paths
}

function matchesSegment(name: string, segment: string): boolean {
  const [brackets] = /\[/.exec(segment) ?? []
  if (brackets === undefined) return matchesPattern(name, segment)
  const source = segment.replace(/\[(!?)(\]?[^\]]*)\]|[\s\S]/g, (token, not?: string, members?: string) => {
    if (members !== undefined) return `[${not === '!' ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`
    return token === '*' ? '.*' : token === '?' ? '.' : token.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's').test(name)
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

interface ParsedFile {
  readonly version: string
  readonly lines: readonly ConfigLine[]
}

const parsed = new Map<string, ParsedFile>()

/**
 * The lines of a file; none if it does not exist. Parsed once for all hosts.
 *
 * @throws {ConnectionConfigError} it cannot be read, others may write to it, or a line is invalid.
 */
export function readConfigFile({ path, mustBePrivate, isRequired }: ConfigFile): readonly ConfigLine[] {
  try {
    // Most users have no ~/.ssh/config, and an exception for each host takes time.
    const stats = isRequired ? statSync(path) : statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return []
    const { uid, mode, mtimeMs, size, ino } = stats
    if (mustBePrivate && ((uid !== 0 && uid !== localUser().uid) || (mode & 0o022) !== 0)) {
      throw new ConnectionConfigError(
        `${path}: others may write to this file, so ssh does not accept it: run chown and chmod go-w`,
      )
    }
    const version = `${mtimeMs} ${size} ${ino}`
    const known = parsed.get(path)
    if (known?.version === version) return known.lines
    const lines = parseConfigText(readFileSync(path, 'utf8'), path)
    parsed.set(path, { version, lines })
    return lines
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    // Removed meanwhile: some programs rewrite files so.
    if (code === 'ENOENT' && !isRequired) return []
    throw new ConnectionConfigError(`cannot read the ssh_config file ${path} (${code})`, { cause: error })
  }
}
