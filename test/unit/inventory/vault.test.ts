import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parseInventory, parseVars, type Inventory } from '../../../src/inventory/index.ts'
import { parseIni } from '../../../src/inventory/ini-inventory.ts'
import { vaultOf, type VaultPassword } from '../../../src/inventory/vault.ts'
import { inventoryVariables } from '../../../src/playbook/variables.ts'
import { Secret, secretsSince } from '../../../src/values/secret.ts'
import { DecryptionError } from '../../../src/values/template-text.ts'
import { errorLines } from './support.ts'

interface Case {
  readonly password: string
  readonly id: string | null
  readonly plain: string
  readonly envelope: string
}

/** What ansible-core has encrypted. */
const CASES = JSON.parse(
  readFileSync(new URL('../../fixtures/vault/ansible.json', import.meta.url), 'utf8'),
) as readonly Case[]

const password = (text: string, id = 'default'): VaultPassword => ({
  id,
  password: new Secret(text),
  origin: `--vault-id ${id}`,
})
const FIRST = password('first')
const vault = (...passwords: VaultPassword[]) => vaultOf(passwords)
const caseOf = (plain: RegExp, id: string | null = null): Case =>
  CASES.find((each) => plain.test(each.plain) && each.id === id) as Case
const indented = (envelope: string, by: number): string => envelope.trim().replace(/^/gm, ' '.repeat(by))
const inline = (envelope: string): string => `!vault |\n${indented(envelope, 8)}\n`

/** The rendered variables of the host "a". */
const varsOf = (inventory: Inventory) => inventoryVariables(inventory, {})('a')
const revealed = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value)

void t.test('what ansible-core has encrypted', async (t) => {
  for (const { password: text, plain, envelope } of CASES)
    t.equal(vault(password(text)).open(envelope).toString('utf8'), plain, JSON.stringify(plain.slice(0, 30)))
})

void t.test('a wrong password and changed data are no value', async (t) => {
  const { envelope } = caseOf(/^one/)
  const failure = (open: () => unknown): string => {
    try {
      return String(open())
    } catch (error) {
      if (error instanceof DecryptionError) return error.message
      throw error
    }
  }
  const wrong = 'the vault password of --vault-id default is wrong for this value'
  t.equal(
    failure(() => vault(password('other')).open(envelope)),
    wrong,
  )
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...'0123456789abcdef'.split('')), (at, digit) => {
      const start = envelope.indexOf('\n') + 1
      const index = start + (at % (envelope.length - start - 1))
      const changed = envelope.slice(0, index) + digit + envelope.slice(index + 1)
      if (changed === envelope || envelope[index] === '\n') return true
      const message = failure(() => vault(FIRST).open(changed))
      // The same text: a digit of a digit in upper case.
      return message === wrong || message.includes('damaged') || message === 'one line'
    }),
    { numRuns: 40 },
  )
  const bad: [text: string, message: RegExp][] = [
    [envelope.split('\n').slice(0, -3).join('\n'), /damaged or incomplete|is wrong/],
    [envelope.replace('1.1', '1.0'), /format 1.0 is not supported/],
    [envelope.replace('AES256', 'AES'), /cipher of this vault is not AES256 but "AES"/],
    ['$ANSIBLE_VAULT;1.1;AES256\nxyz\n', /damaged/],
  ]
  for (const [text, message] of bad)
    t.match(
      failure(() => vault(FIRST).open(text)),
      message,
    )
})

void t.test('a password with the vault id is tried first, then all others', async (t) => {
  const { envelope } = caseOf(/^one/, 'prod')
  const opens = (passwords: VaultPassword[], options = {}): boolean => {
    try {
      return vaultOf(passwords, options).open(envelope).length > 0
    } catch {
      return false
    }
  }
  t.ok(opens([password('other'), password('first', 'prod')]))
  t.ok(opens([password('other', 'prod'), FIRST]), 'the id is a hint only, as in Ansible')
  t.notOk(opens([FIRST], { matchIds: true }))
  t.equal(vaultOf([FIRST], { matchIds: true }).open(caseOf(/^one/).envelope).toString(), 'one line', 'no id: "default"')
  t.throws(() => vaultOf([FIRST], { matchIds: true }).open(envelope), {
    message: 'no vault password has the vault id "prod": add --vault-id prod@FILE',
  })
  t.throws(() => vault(password('x'), password('y', 'prod')).open(envelope), {
    message:
      'none of the vault passwords (--vault-id default, --vault-id prod) decrypts this value with the vault id "prod"',
  })
})

void t.test('values !vault are secrets, decrypted when they are read', async (t) => {
  const { envelope } = caseOf(/^ünï/)
  const text = `all:\n  hosts:\n    a:\n      v: ${inline(envelope)}      w: "<{{ v }}>"\n      x: 1\n`
  const inventory = (...passwords: VaultPassword[]) =>
    parseInventory({
      main: { path: 'hosts.yaml', text },
      vault: passwords.length === 0 ? undefined : vault(...passwords),
    })
  const vars = varsOf(inventory(FIRST))
  t.ok(vars['v'] instanceof Secret)
  t.strictSame([vars['v'], vars['w'], vars['x']].map(revealed), ['ünïcödé 😀', '<ünïcödé 😀>', 1])
  t.ok(secretsSince(0).includes('ünïcödé 😀'))
  t.notMatch(JSON.stringify(inventory(FIRST).hosts.get('a')?.vars), /ünï|ANSIBLE_VAULT/)
  // As in Ansible, a value that nothing reads needs no password.
  const without = varsOf(inventory())
  t.equal(without['x'], 1)
  t.throws(() => without['w'], {
    message: /^hosts.yaml:4:17: variable "v" of a: this is encrypted with Ansible Vault: give its password with/,
  })
  t.strictSame(
    errorLines(() => inventory(password('wrong'))),
    ['hosts.yaml:4:17: the vault password of --vault-id default is wrong for this value'],
    'a wrong password is one message, before anything is done',
  )
})

void t.test('a wrong password is reported by one value of each vault id', async (t) => {
  const [first, prod] = [caseOf(/^one/), caseOf(/^one/, 'prod')]
  const text = `all:\n  hosts:\n    a:\n      p: ${inline(prod.envelope)}      v: ${inline(first.envelope)}      w: ${inline(first.envelope)}`
  const errors = (...passwords: VaultPassword[]) =>
    errorLines(() => parseInventory({ main: { path: 'h.yaml', text }, vault: vault(...passwords) }))
  t.strictSame(errors(FIRST), [])
  t.match(errors(password('x', 'prod')), [/^h.yaml:4:17: .* "prod"$/, /^h.yaml:11:17: the vault password/])
  t.match(errors(password('x')), [/^h.yaml:11:17: the vault password/], 'another vault id may have its password later')
})

void t.test('of an encrypted file all texts are secrets', async (t) => {
  const { envelope } = caseOf(/^db_password/)
  const files = { groupVars: [{ name: 'all', path: 'group_vars/all.yml', text: envelope }], hostVars: [] }
  const main = { path: 'hosts', text: 'a\n' }
  const vars = varsOf(parseInventory({ main, vars: [files], vault: vault(FIRST) }))
  t.strictSame(Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, revealed(value)])), {
    db_password: 'hunter22',
    port: 5432,
    pin: 12345678,
    url: 'xhunter22y',
    tls: true,
  })
  t.ok(['db_password', 'url'].every((name) => vars[name] instanceof Secret))
  for (const text of ['hunter22', 'xhunter22y', '12345678']) t.ok(secretsSince(0).includes(text), text)
  t.match(
    errorLines(() => parseInventory({ main, vars: [files] })),
    [/^group_vars\/all.yml:1:1: this is encrypted with Ansible Vault: give its password/],
  )
  t.strictSame(
    errorLines(() => parseInventory({ main, vars: [files], vault: vault(password('wrong')) })),
    ['group_vars/all.yml:1:1: the vault password of --vault-id default is wrong for this value'],
  )
  const unknown = { ...files, groupVars: [{ name: 'other', path: 'group_vars/other.yml', text: envelope }] }
  t.strictSame([...parseInventory({ main, vars: [unknown] }).hosts.keys()], ['a'], 'the file of an unknown group')
})

void t.test('inventories and extra variables may be encrypted', async (t) => {
  const { envelope } = caseOf(/^\[web\]/)
  const { hosts } = parseInventory({ main: { path: 'hosts', text: envelope }, vault: vault(FIRST) })
  t.strictSame([...hosts.keys()], ['vaulted-host'])
  t.equal(String(hosts.get('vaulted-host')?.vars['v']), '[REDACTED]')
  const vars = parseVars({ path: 'x.yml', text: caseOf(/^db_password/).envelope }, vault(FIRST))
  t.equal(vars?.['port'], 5432)
  const json = JSON.stringify({ v: { __ansible_vault: caseOf(/^one/).envelope } })
  const value = parseVars({ path: 'x.json', text: json }, vault(FIRST))?.['v']
  t.equal((value as { readonly source: string }).source, 'one line', 'JSON of ansible-inventory')
})

void t.test('numbers of an encrypted INI inventory are secrets', async (t) => {
  const text = '[web]\nvaulted pin=481516234\n[web:vars]\npins=[902817364]\n'
  parseIni({ path: 'hosts', text, isConfidential: true }, new Set())
  for (const number of ['481516234', '902817364']) t.ok(secretsSince(0).includes(number), number)
})

void t.test('errors of tags', async (t) => {
  const errors = (value: string) =>
    errorLines(() => parseInventory({ main: { path: 'h.yaml', text: `all: {vars: {v: ${value}}}\n` } }))
  t.strictSame(errors('!vault [a]'), [
    'h.yaml:1:17: !vault needs text: write "!vault |", and the encrypted value below it',
  ])
  t.strictSame(errors('!vault text'), ['h.yaml:1:24: !vault needs the output of "ansible-vault encrypt_string"'])
})
