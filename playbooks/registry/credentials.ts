import { play, register, toText } from 'labbook'
import { htpasswd, type Htpasswd } from 'labbook/htpasswd'
import { x509_ca, x509_certificate } from 'labbook/x509'
import { configuredAccounts } from './accounts.ts'
import { registryFiles, registryHost, registryNames } from './address.ts'

const passphraseOf = (value: unknown): { passphrase?: string } =>
  value === undefined ? {} : { passphrase: toText(value) }

/** The accounts, set once they exist. */
export const accounts = register<Htpasswd>('registry_accounts')

/** The CA, the registry's certificate and the accounts, on the controller. The CA keys never leave it. */
export const credentials = play(
  'Create CA, registry certificate and accounts',
  { hosts: 'localhost', tags: ['registry', 'pki'] },
  (on) => {
    const { pki, htpasswd: file, passwords } = registryFiles(on)
    const vars = on.hostvars(registryHost(on))
    const passphrase = passphraseOf(vars.pki_passphrase)
    const kind = vars.pki_key_type === undefined ? {} : { key_type: toText(vars.pki_key_type) as 'ec' | 'rsa' }
    return [
      x509_ca('Create CA', {
        dir: pki,
        common_name: 'Labbook CA',
        generation: Number(vars.pki_generation ?? 1),
        ...kind,
        ...passphrase,
      }),
      x509_certificate('Create registry certificate', {
        dir: pki,
        name: 'registry',
        names: registryNames(on),
        ...kind,
        ...passphrase,
      }),
      htpasswd('Create registry accounts', {
        path: file,
        generated: passwords,
        users: configuredAccounts(on),
        register: accounts,
        ...(vars.registry_bcrypt_cost === undefined ? {} : { cost: Number(vars.registry_bcrypt_cost) }),
      }),
    ]
  },
)
