import * as z from 'zod'
import { didYouMean, nearest } from '../text/suggest.ts'
import { Secret } from '../values/secret.ts'
import { TemplateText } from '../values/template-text.ts'

export type Vars = Readonly<Record<string, unknown>>

/** Where variables are defined; determines which are allowed. */
export type VarsScope = 'inventory group' | 'inventory host' | 'vars file'

const text = z.string({
  error: ({ input }) => (input === null ? 'has no value: set one, or remove the line' : 'must be a string: quote it'),
})

const wholeNumber = (least: number, most: number, what: string) =>
  z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], `must be ${what}`)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, `must be ${what}`)

const port = wholeNumber(1, 65_535, 'a port, a whole number in 1..65535')
const seconds = wholeNumber(0, Number.MAX_SAFE_INTEGER, 'a whole number, 0 or more')
const priority = z.int('must be a whole number')

/** Ansible's connection plugins. Other hosts of an inventory may use them; a run refuses those that it selects. */
const CONNECTIONS = splitNames(`
  ssh local smart paramiko paramiko_ssh winrm psrp docker podman buildah lxc lxd incus jail zone chroot kubectl oc qubes
  network_cli netconf httpapi libssh grpc persistent raw aws_ssm proxmox_pct_remote`)
const connection = z
  .string('must be ssh or local')
  .refine((name) => CONNECTIONS.includes(name) || name.split('.').length > 2, 'must be ssh or local')

/** Ansible takes these strings as booleans where it expects one. */
const BOOLEAN_WORDS = new Map([
  ['yes', true],
  ['on', true],
  ['true', true],
  ['no', false],
  ['off', false],
  ['false', false],
])

const boolean = z.union(
  [
    z.boolean(),
    z.string().transform((text, context) => {
      const value = BOOLEAN_WORDS.get(text.toLowerCase())
      if (value === undefined) context.addIssue({ code: 'custom', input: text })
      return value ?? z.NEVER
    }),
  ],
  'must be true or false',
)

/** Connection variables that are text. */
const TEXT_VARIABLES = splitNames(`
  ansible_host ansible_ssh_host ansible_user ansible_ssh_user ansible_private_key_file ansible_ssh_private_key_file
  ansible_ssh_common_args ansible_ssh_extra_args ansible_ssh_args ansible_become_user ansible_become_method
  ansible_become_exe ansible_sudo_exe ansible_sudo_user ansible_sudo_chdir ansible_become_pass ansible_become_password
  ansible_sudo_pass ansible_password ansible_ssh_pass ansible_ssh_password ansible_ssh_private_key_passphrase
  ansible_private_key_passphrase ansible_shell_executable`)

/** Ansible's connection variables and the schemas of their values. */
const CONNECTION_VARIABLES = new Map<string, z.ZodType>([
  ...withSchema(text, TEXT_VARIABLES.join(' ')),
  ...withSchema(z.string('must be text'), 'ansible_become_flags ansible_sudo_flags'),
  ...withSchema(port, 'ansible_port ansible_ssh_port'),
  ...withSchema(seconds, 'ansible_timeout ansible_ssh_timeout ansible_ssh_retries'),
  ...withSchema(
    boolean,
    `
    ansible_become ansible_host_key_checking ansible_ssh_host_key_checking ansible_pipelining ansible_ssh_pipelining`,
  ),
  ...withSchema(connection, 'ansible_connection'),
])

/** Other variables of Ansible, which have no effect here but are not typos. */
const OTHER_KNOWN = splitNames(`
  ansible_python_interpreter ansible_shell_type ansible_remote_tmp ansible_async_dir ansible_network_os ansible_facts
  ansible_hostname ansible_distribution ansible_os_family ansible_user_id ansible_sftp_executable ansible_scp_executable
  ansible_ssh_executable ansible_sftp_extra_args ansible_scp_extra_args ansible_control_path ansible_control_path_dir
  ansible_ssh_transfer_method ansible_ssh_use_tty ansible_su_user ansible_su_pass
  ansible_group_priority ansible_private_key ansible_ssh_private_key ansible_ssh_password_mechanism`)

const ALL_KNOWN = [...CONNECTION_VARIABLES.keys(), ...OTHER_KNOWN]

function splitNames(list: string): string[] {
  return list.trim().split(/\s+/)
}

function withSchema(schema: z.ZodType, names: string): [string, z.ZodType][] {
  return splitNames(names).map((name) => [name, schema])
}

const NOT_VARIABLES = 'expected variables, each on its own line as "name: value"'

/** A number as a password is a misread one: `0123` is 83. */
const isNumericPassword = (name: string, value: unknown): boolean =>
  typeof value === 'number' && /(?:^|_)(?:password|passwd|passphrase|passcode)$|^ansible_(?:.*_)?pass$/i.test(name)

function numericPasswords(name: string, value: unknown, path: readonly PropertyKey[] = [name]): PropertyKey[][] {
  if (isNumericPassword(name, value)) return [[...path]]
  if (typeof value !== 'object' || value === null || value instanceof TemplateText) return []
  return Object.entries(value).flatMap(([key, item]) =>
    numericPasswords(key, item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

/** Connection variables with expressions are validated when they are rendered. */
const isTemplate = (name: string, value: unknown): boolean =>
  (value instanceof TemplateText || value instanceof Secret) && CONNECTION_VARIABLES.has(name)

/**
 * A mapping of variables. Connection variables are validated; an
 * `ansible_*` name similar to a known one is an error; all others pass unchanged.
 */
export const variablesSchema = (place: VarsScope) =>
  z.record(z.string(), z.unknown(), NOT_VARIABLES).transform((input, context) => {
    const values: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(input)) {
      const problem = nameProblem(name, place)
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', path: [name], params: { at: 'key' }, message: problem })
        continue
      }
      for (const path of numericPasswords(name, value)) {
        context.addIssue({ code: 'custom', path, message: `${String(path.at(-1))} is a number in YAML: quote it` })
      }
      const result =
        isNumericPassword(name, value) || isTemplate(name, value) ? undefined : schemaOf(name)?.safeParse(value)
      if (result?.success === false) {
        context.addIssue({ code: 'custom', path: [name], message: `${name} ${result.error.issues[0]?.message ?? ''}` })
      }
      values[name] = value
    }
    return values
  })

/** A variable of an INI inventory: its name, and its value as written. */
export interface IniVariable {
  readonly name: string
  readonly text: string
  readonly column: number
  readonly valueColumn: number
}

/**
 * Validates variables of an INI inventory, which has no types: where text is expected, a number is text, if Python
 * prints it as it is written.
 *
 * @param read - the value of a variable, or why it is refused.
 */
export function iniVariables(
  variables: readonly IniVariable[],
  place: VarsScope,
  read: (variable: IniVariable) => { readonly value: unknown } | { readonly problem: string },
): {
  readonly vars: Record<string, unknown>
  readonly problems: readonly { readonly column: number; readonly message: string }[]
} {
  const vars: Record<string, unknown> = {}
  const problems: { column: number; message: string }[] = []
  for (const variable of variables) {
    const { name, text: written, column, valueColumn } = variable
    const message = nameProblem(name, place)
    if (message !== undefined) {
      problems.push({ column, message })
      continue
    }
    const literal = read(variable)
    if ('problem' in literal) {
      problems.push({ column: valueColumn, message: `${name}: ${literal.problem}` })
      continue
    }
    const isText = TEXT_VARIABLES.includes(name) && ['number', 'boolean'].includes(typeof literal.value)
    const value = isText && /^(?:-?[1-9]\d*|0|\d+\.\d*[1-9]|True|False)$/.test(written) ? written : literal.value
    const result = isTemplate(name, value) ? undefined : schemaOf(name)?.safeParse(value)
    if (result?.success === false)
      problems.push({ column: valueColumn, message: `${name} ${result.error.issues[0]?.message ?? ''}` })
    vars[name] = value
  }
  return { vars, problems }
}

const schemaOf = (name: string): z.ZodType | undefined =>
  name === 'ansible_group_priority' ? priority : CONNECTION_VARIABLES.get(name)

function nameProblem(name: string, place: VarsScope): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `"${name}" is not a variable name: use letters, digits and "_", and do not start with a digit`
  }
  if (name === 'ansible_group_priority' && place !== 'inventory group') {
    return 'ansible_group_priority is only valid in the vars of a group in the inventory file: move it there'
  }
  if (!name.startsWith('ansible_') || ALL_KNOWN.includes(name)) return undefined
  const suggestion = didYouMean(nearest(name, ALL_KNOWN, 1, 1))
  return suggestion && `unknown variable ${name}: ${suggestion}`
}
