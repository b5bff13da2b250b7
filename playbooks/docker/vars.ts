import { defineVars, STORAGE_DRIVERS, varTypes } from 'labbook'

/** A base address of packages, without a trailing slash. Every user of a host can read where its packages come from. */
function repositoryUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s?#"'\\$`]+$/.test(value) || !URL.canParse(value)) return undefined
  const { username, password } = new URL(value)
  return username === '' && password === '' ? value.replace(/\/+$/, '') : undefined
}

/** 40 hexadecimal digits, in groups as gpg prints them or without spaces. */
function fingerprintIn(value: unknown): string | undefined {
  const digits = typeof value === 'string' ? value.replaceAll(' ', '').toUpperCase() : ''
  return /^[0-9A-F]{40}$/.test(digits) ? digits : undefined
}

export const dockerVars = defineVars('docker', {
  docker_source: {
    // Values of earlier inventories are still accepted.
    schema: varTypes.oneOf(['distro', 'docker-ce'], { distribution: 'distro', docker: 'docker-ce' }),
    default: 'distro',
    description: "where Docker is installed from: the distribution, or Docker's own repository",
  },
  docker_repo_url: {
    refersTo: 'machine',
    schema: varTypes.accepts('an http(s) URL without a user or password', repositoryUrl, { type: 'string' }),
    default: 'https://download.docker.com/linux',
    description:
      "with `docker-ce`: Docker's repository or a mirror of it, with `debian/gpg`, `ubuntu/gpg`, ... below it",
  },
  docker_repo_fingerprint: {
    refersTo: 'machine',
    schema: varTypes.accepts('a fingerprint of 40 hexadecimal digits', fingerprintIn, { type: 'string' }),
    shownDefault: "Docker's",
    description: 'with `docker-ce`: fingerprint of the key that signs the packages of `docker_repo_url`',
  },
  docker_storage_driver: {
    schema: varTypes.oneOf(STORAGE_DRIVERS),
    shownDefault: "Docker's choice",
    description: 'storage driver of Docker',
  },
  docker_storage_device: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: '`/dev/vdb` with `lab_data_disk`',
    description: "disk for Docker's data; its content is replaced only with `docker_storage_force`",
  },
  docker_storage_force: {
    refersTo: 'machine',
    schema: varTypes.boolean(),
    default: false,
    description: "erases Docker's data and its disk if they do not match the configuration",
  },
})
