import { defineVars, varTypes } from 'labbook'

export const registryVars = defineVars('registry', {
  registry_port: { schema: varTypes.integer(1, 65_535), default: 5000, description: 'port of the registry' },
  registry_storage: {
    refersTo: 'machine',
    schema: varTypes.text(),
    default: '/var/lib/registry',
    description: 'data directory on its host; outlives the container',
  },
  registry_users: {
    refersTo: 'machine',
    schema: varTypes.accepts('a list of accounts, such as [{name: ann, password: ...}]', (value) =>
      Array.isArray(value) && value.length > 0 ? (value as readonly unknown[]) : undefined,
    ),
    default: ['labbook'],
    description: 'accounts: names, or `{name, password}`; hosts log in with the first',
    secret: true,
  },
  registry_bcrypt_cost: {
    schema: varTypes.integer(4, 15),
    shownDefault: '5 with generated passwords, else 10',
    description: 'cost of the password hashes; each request costs the registry one check',
  },
  registry_names: {
    refersTo: 'machine',
    schema: varTypes.list(),
    default: [],
    description: 'more names and addresses for the certificate',
  },
  registry_dir: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "in the lab's directory, or in the state directory",
    description: 'CA, keys, htpasswd and passwords on the controller',
  },
  registry_purge: {
    refersTo: 'machine',
    schema: varTypes.boolean(),
    default: false,
    description: '`registry.mjs down` removes the images as well',
  },
  pki_key_type: {
    schema: varTypes.oneOf(['ec', 'rsa']),
    default: 'ec',
    description: 'type of the keys; `rsa`: for clients without EC',
  },
  pki_passphrase: {
    schema: varTypes.text(),
    description: "encrypts the CA's key at rest; pass it with `-e @file`",
    secret: true,
  },
  pki_common_name: {
    schema: varTypes.text(),
    default: 'Labbook CA',
    description: 'common name of the CA; that of [your own](own-ca.md), if you have one',
  },
  pki_generation: {
    schema: varTypes.integer(1, 1_000_000),
    default: 1,
    description: 'a higher number creates a new CA; hosts trust both the new and the last one',
  },
})
