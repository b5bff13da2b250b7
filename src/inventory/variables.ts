import { z } from 'zod'
import { didYouMean, nearest } from './nearest.ts'

export type Vars = Readonly<Record<string, unknown>>

/** Where variables stand decides which may stand there. */
export type VarsPlace = 'inventory group' | 'inventory host' | 'vars file'

const text = z
  .string({
    error: ({ input }) =>
      input === null ? 'has no value: write one, or take the line out' : 'must be text: put it in quotes',
  })
  .refine((value) => !value.includes('{{'), 'holds a template, which is not filled in here: write the value itself')

const wholeNumber = (least: number, most: number, what: string) =>
  z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], `must be ${what}`)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, `must be ${what}`)

const port = wholeNumber(1, 65_535, 'a port, a whole number in 1..65535')
const seconds = wholeNumber(0, Number.MAX_SAFE_INTEGER, 'a whole number, 0 or more')
const priority = z.int('must be a whole number')
const connection = z.enum(['ssh', 'local'], 'must be ssh or local')

/** YAML 1.2 reads `yes` as text where Ansible, whose YAML is 1.1, reads a boolean. */
const YAML_1_1_BOOLEANS = new Map([
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
    z.string().transform((word, context) => {
      const value = YAML_1_1_BOOLEANS.get(word.toLowerCase())
      if (value === undefined) context.addIssue({ code: 'custom', input: word })
      return value ?? z.NEVER
    }),
  ],
  'must be true or false',
)

/** The variables that steer a connection, Ansible's names, and what their values must be. */
const CONNECTION_VARIABLES = new Map<string, z.ZodType>([
  ...under(
    text,
    `
    ansible_host ansible_ssh_host ansible_user ansible_ssh_user ansible_private_key_file ansible_ssh_private_key_file
    ansible_ssh_common_args ansible_ssh_extra_args ansible_ssh_args ansible_become_user ansible_become_method
    ansible_become_exe ansible_become_flags ansible_become_pass ansible_become_password ansible_sudo_pass
    ansible_password ansible_ssh_pass ansible_ssh_password ansible_ssh_private_key_passphrase
    ansible_private_key_passphrase ansible_shell_executable`,
  ),
  ...under(port, 'ansible_port ansible_ssh_port'),
  ...under(seconds, 'ansible_timeout ansible_ssh_timeout ansible_ssh_retries'),
  ...under(
    boolean,
    `
    ansible_become ansible_host_key_checking ansible_ssh_host_key_checking ansible_pipelining ansible_ssh_pipelining`,
  ),
  ...under(connection, 'ansible_connection'),
])

/** Names of Ansible's own that mean nothing here, and yet are no slips. */
const OTHER_KNOWN = words(`
  ansible_python_interpreter ansible_shell_type ansible_remote_tmp ansible_async_dir ansible_network_os ansible_facts
  ansible_hostname ansible_distribution ansible_os_family ansible_user_id ansible_sftp_executable ansible_scp_executable
  ansible_ssh_executable ansible_sftp_extra_args ansible_scp_extra_args ansible_control_path ansible_control_path_dir
  ansible_ssh_transfer_method ansible_ssh_use_tty ansible_sudo_user ansible_su_user ansible_su_pass
  ansible_group_priority ansible_private_key ansible_ssh_private_key ansible_ssh_password_mechanism`)

const ALL_KNOWN = [...CONNECTION_VARIABLES.keys(), ...OTHER_KNOWN]

function words(list: string): string[] {
  return list.trim().split(/\s+/)
}

function under(schema: z.ZodType, names: string): [string, z.ZodType][] {
  return words(names).map((name) => [name, schema])
}

const NOT_VARIABLES = 'variables belong here, each on a line of its own as "name: value"'

/**
 * A mapping of variables. Those that steer a connection are checked and read as what they mean (`yes` becomes true,
 * `'22'` becomes 22); an `ansible_*` name that is nearly a known one is a fault; all others pass as they are.
 */
export const variables = (place: VarsPlace) =>
  z.record(z.string(), z.unknown(), NOT_VARIABLES).transform((given, context) => {
    const read: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(given)) {
      const fault = nameFault(name, place)
      if (fault !== undefined) {
        context.addIssue({ code: 'custom', path: [name], params: { at: 'key' }, message: fault })
        continue
      }
      const outcome = schemaOf(name)?.safeParse(value)
      if (outcome?.success === false) {
        context.addIssue({ code: 'custom', path: [name], message: `${name} ${outcome.error.issues[0]?.message ?? ''}` })
      }
      read[name] = outcome?.success ? outcome.data : value
    }
    return read
  })

const schemaOf = (name: string): z.ZodType | undefined =>
  name === 'ansible_group_priority' ? priority : CONNECTION_VARIABLES.get(name)

function nameFault(name: string, place: VarsPlace): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `"${name}" is not a variable's name: use letters, digits and "_", and do not begin with a digit`
  }
  if (name === 'ansible_group_priority' && place !== 'inventory group') {
    return 'ansible_group_priority counts only under the vars of a group in the inventory file: move it there'
  }
  if (!name.startsWith('ansible_') || ALL_KNOWN.includes(name)) return undefined
  const meant = didYouMean(nearest(name, ALL_KNOWN, 1, 2))
  return meant && `unknown variable ${name}: ${meant}`
}
