import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { unquote } from './key-values.ts'
import { UsageError } from './usage-error.ts'

/** A setting of ansible.cfg, or of the environment. */
export interface AnsibleSetting {
  readonly value: string
  /** `ansible.cfg:3`, or `$ANSIBLE_TIMEOUT`. */
  readonly origin: string
  /** Relative paths start here. */
  readonly directory: string
}

/**
 * The file with Ansible's settings, as Ansible finds it: `$ANSIBLE_CONFIG`, `./ansible.cfg`, `~/.ansible.cfg`,
 * `/etc/ansible/ansible.cfg`. The first one that exists counts.
 */
export class AnsibleConfig {
  /** As the user would write it; undefined without a file. */
  readonly file: string | undefined
  readonly warnings: readonly string[]
  readonly #environment: NodeJS.ProcessEnv
  readonly #directory: string
  readonly #settings: ReadonlyMap<string, { readonly value: string; readonly line: number }>
  readonly #used = new Set<string>()

  /** @throws {UsageError} the file is invalid. */
  constructor(environment: NodeJS.ProcessEnv, directory = process.cwd()) {
    const { file, warnings } = findFile(environment, directory)
    this.file = file === undefined ? undefined : path.relative(directory, file).replace(/^(?:\.\.\/)+.*/, file)
    this.warnings = warnings
    this.#environment = environment
    this.#directory = file === undefined ? directory : path.dirname(file)
    this.#settings = file === undefined ? new Map() : parseConfig(readFileSync(file, 'utf8'), this.file ?? file)
  }

  /**
   * Reads a setting: from the first variable that is set, else from the first line that has it. (Ansible lists them in
   * the opposite order.)
   *
   * @param variables - of the environment: `ANSIBLE_TIMEOUT`.
   * @param keys - `section.key`: `defaults.timeout`.
   */
  setting(variables: readonly string[], keys: readonly string[]): AnsibleSetting | undefined {
    const lines = keys.filter((key) => this.#settings.has(key))
    for (const key of lines) this.#used.add(key)
    for (const name of variables) {
      const value = this.#environment[name]
      if (value !== undefined && value !== '') return { value, origin: `$${name}`, directory: process.cwd() }
    }
    const found = lines.map((key) => this.#settings.get(key)).find((each) => each !== undefined && each.value !== '')
    if (found === undefined) return undefined
    return { value: unquote(found.value), origin: `${this.file}:${found.line}`, directory: this.#directory }
  }

  /** What the run uses of the file, and what it does not. Call it after all settings were read. */
  report(): string[] {
    if (this.file === undefined) return []
    const list = (keys: readonly string[]): string => keys.map((key) => key.replace(/^([^.]*)\./, '[$1] ')).join(', ')
    const all = [...this.#settings.keys()]
    const used = all.filter((key) => this.#used.has(key))
    const ignored = all.filter((key) => !this.#used.has(key) && !IRRELEVANT.test(key))
    return [
      ...(used.length > 0 ? [`${this.file}: used: ${list(used)}`] : []),
      ...(ignored.length > 0 ? [`${this.file}: not supported, ignored: ${list(ignored)}`] : []),
    ]
  }
}

/** How Ansible prints and connects: without a meaning here. */
const IRRELEVANT =
  /^(?:defaults\.(?:stdout_callback|callback\w*|bin_ansible_callbacks|nocows|cow\w*|retry_files\w*|interpreter_python|deprecation_warnings|command_warnings|display_\w+|force_color|nocolor|log_path|result_format|use_persistent_connections|gathering|fact_caching\w*|transport|poll_interval|roles_path|collections_paths?)|ssh_connection\.(?:pipelining|control_path\w*|scp_if_ssh|transfer_method|sftp_batch_mode|usetty|retries)|colors\.\w+|diff\.\w+|galaxy\.\w+|persistent_connection\.\w+|paramiko_connection\.\w+|selinux\.\w+|callback_\w+\.\w+)$/

function findFile(
  environment: NodeJS.ProcessEnv,
  directory: string,
): { readonly file: string | undefined; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const named = environment['ANSIBLE_CONFIG']
  const candidates: string[] = []
  if (named !== undefined && named !== '') {
    const file = path.resolve(directory, named.replace(/^~(?=\/|$)/, homedir()))
    candidates.push(isDirectory(file) ? path.join(file, 'ansible.cfg') : file)
  }
  const local = path.join(directory, 'ansible.cfg')
  if (isWorldWritable(directory) && isReadable(local) && !candidates.includes(local)) {
    warnings.push(
      `ansible.cfg in ${directory} is ignored, because anyone may write to that directory: name it in $ANSIBLE_CONFIG`,
    )
  } else candidates.push(local)
  candidates.push(path.join(homedir(), '.ansible.cfg'), '/etc/ansible/ansible.cfg')
  return { file: candidates.find(isReadable), warnings }
}

const isDirectory = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
const isWorldWritable = (directory: string): boolean => (statSync(directory).mode & 0o002) !== 0

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/*
 * A line continues a value if it is indented deeper than the value's first line. Not by a library: `ini` of npm reads
 * quotes, brackets in keys and dots in sections as structure, takes no ":" and joins no indented lines, as Python's
 * configparser does, which Ansible uses.
 */
function parseConfig(text: string, file: string): Map<string, { value: string; line: number }> {
  const settings = new Map<string, { value: string; line: number }>()
  const sections = new Set<string>()
  let section: string | undefined
  let last: { value: string; readonly line: number } | undefined
  let indent = 0
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = i + 1
    const content = raw.replace(/(^|\s);.*$/, '').trim()
    if (content === '' || content.startsWith('#')) {
      if (raw.trim() === '' && last !== undefined) last.value += '\n'
      return
    }
    const depth = raw.search(/\S/)
    if (last !== undefined && depth > indent) {
      last.value += `\n${content}`
      return
    }
    indent = depth
    const [, header] = /^\[(.+)\]/.exec(content) ?? []
    if (header !== undefined) {
      if (sections.has(header)) throw new UsageError(`${file}:${line}: duplicate [${header}]: remove one`)
      sections.add(header)
      section = header
      last = undefined
      return
    }
    const [, key, value = ''] = /^([^=:]+?)\s*[=:]\s*(.*)$/s.exec(content) ?? []
    if (section === undefined || key === undefined) {
      throw new UsageError(`${file}:${line}: cannot read ${JSON.stringify(content)}: write key = value, in a [section]`)
    }
    const name = `${section}.${key.toLowerCase()}`
    if (settings.has(name)) throw new UsageError(`${file}:${line}: duplicate ${key} of [${section}]: remove one`)
    last = { value, line }
    settings.set(name, last)
  })
  for (const setting of settings.values()) setting.value = setting.value.trimEnd()
  return settings
}
