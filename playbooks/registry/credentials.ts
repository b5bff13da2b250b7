import { play, register } from 'labbook'
import { htpasswd, type Htpasswd } from 'labbook/htpasswd'
import { x509_ca, x509_certificate } from 'labbook/x509'
import { configuredAccounts } from './accounts.ts'
import { registryFiles, registryHost, registryNames } from './address.ts'
import { registryVars } from './vars.ts'

/** The accounts, set once they exist. */
export const accounts = register<Htpasswd>('registry_accounts')

/** The CA, the registry's certificate and the accounts, on the controller. The CA keys never leave it. */
export const credentials = play(
  'Create CA, registry certificate and accounts',
  { hosts: 'localhost', tags: ['registry', 'pki'] },
  (on) => {
    const { pki, htpasswd: file, passwords } = registryFiles(on)
    const host = registryHost(on)
    const vars = registryVars.read(on.hostvars(host), host)
    const keys = {
      key_type: vars.pki_key_type,
      ...(vars.pki_passphrase === undefined ? {} : { passphrase: vars.pki_passphrase }),
    }
    return [
      x509_ca('Create CA', {
        dir: pki,
        common_name: vars.pki_common_name,
        generation: vars.pki_generation,
        ...keys,
      }),
      x509_certificate('Create registry certificate', {
        dir: pki,
        name: 'registry',
        names: registryNames(on),
        ...keys,
      }),
      htpasswd('Create registry accounts', {
        path: file,
        generated: passwords,
        users: configuredAccounts(on),
        register: accounts,
        ...(vars.registry_bcrypt_cost === undefined ? {} : { cost: vars.registry_bcrypt_cost }),
      }),
    ]
  },
)
